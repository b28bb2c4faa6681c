#include "cells_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <system_error>

#include "careful_file.h"
#include "schemas/instance_id.h"

namespace weir::cells {
namespace {

namespace layout = wire::cells_file;
static_assert(layout::kCellsPerBlock == kSegmentCells && layout::kSegmentsMax == kSegmentsMax);

constexpr mode_t kMode = 0660;  // the sidecar reads by its group, that of the directory

std::int64_t unix_ms_now() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

std::unique_ptr<CellsFile> CellsFile::make(const std::string& directory,
                                           std::string& note) noexcept {
  try {
    std::unique_ptr<CellsFile> made(new CellsFile);
    const bool ready = made->open_in(directory);
    note = made->note_;
    if (!ready) {
      return nullptr;
    }
    cell_space().enlist(*made);
    return made;
  } catch (const std::exception& error) {  // out of memory
    try {
      note = error.what();
    } catch (const std::exception&) {
      note.clear();
    }
    return nullptr;
  }
}

CellsFile::~CellsFile() {
  cell_space().delist(*this);
  if (holds_file()) {
    if (!named_) {
      ::unlink(path_.c_str());  // nobody will ask for what never had a name
    }
    ::close(file_);  // and so the lock is free: whoever looks sees the final totals
  }
}

bool CellsFile::open_in(const std::string& directory) noexcept try {
  const std::unique_ptr<char, decltype(&std::free)> whole(::realpath(directory.c_str(), nullptr),
                                                          std::free);
  if (whole == nullptr) {
    return fail(("can not use " + directory).c_str(), errno);
  }
  const std::string name = std::to_string(::getpid()) + "-" +
                           wire::InstanceId::random().to_string().substr(0, 16) +
                           std::string(layout::kSuffix);
  const std::string folder = std::string(whole.get()) + "/";
  const std::string temporary = folder + std::string(layout::kTemporaryPrefix) + name;
  do {
    file_ = ::open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kMode);
  } while (file_ < 0 && errno == EINTR);
  if (file_ < 0) {
    return fail(("can not make a file in " + directory).c_str(), errno);
  }
  path_ = folder + name;
  if (initialise() && (::rename(temporary.c_str(), path_.c_str()) == 0 ||
                       fail(("can not make a file in " + directory).c_str(), errno))) {
    if (const std::string file_system = disk_file_system_of(file_); !file_system.empty()) {
      set_note(directory + " is on " + file_system +
               ": write-back may stall recording, use a tmpfs");
    }
    return true;
  }
  ::unlink(temporary.c_str());
  ::close(file_);
  file_ = -1;
  return false;
} catch (const std::exception&) {  // out of memory, before there was a file
  return false;
}

bool CellsFile::initialise() noexcept {
  (void)::fchmod(file_, kMode);  // whatever the umask
  struct stat info {};
  if (::fstat(file_, &info) != 0) {
    return fail("can not use the cells file", errno);
  }
  device_ = info.st_dev;
  inode_ = info.st_ino;
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (::fcntl(file_, F_SETLK, &lock) != 0) {
    return fail("can not lock the cells file", errno);
  }
  if (const int error = allocate(file_, 0, layout::kBlockBytes); error != 0) {
    return fail("can not allocate the cells file", error);
  }
  layout::Head head;
  head.pid = static_cast<std::uint32_t>(::getpid());
  head.created_unix_ms = unix_ms_now();
  head.checksum = checksum_of(head);
  if (!write_at(file_, 0, &head, sizeof head) || !enter(0, {layout::Block::kHead, 0, 0})) {
    return fail("can not write the cells file", errno);
  }
  return begin_log_block();
}

bool CellsFile::holds_file() noexcept {
  if (file_ < 0) {
    return false;
  }
  struct stat info {};
  if (::fstat(file_, &info) == 0 && info.st_dev == device_ && info.st_ino == inode_) {
    return true;
  }
  file_ = -1;  // and the lock with it: a sidecar folds what is there
  return fail("the program has closed the descriptor of the cells file", 0);
}

bool CellsFile::allocate_block(std::uint32_t& block) noexcept {
  if (next_block_ >= layout::kBlocksMax) {
    return fail("the cells file is full", 0);
  }
  const int error =
      allocate(file_, std::uint64_t{next_block_} * layout::kBlockBytes, layout::kBlockBytes);
  if (error != 0) {
    return fail("can not allocate a block of the cells file", error);
  }
  block = next_block_;
  return true;
}

bool CellsFile::enter(std::uint32_t block, const layout::Entry& entry) noexcept {
  const std::uint64_t bits = pack(entry, block);
  return write_at(file_, sizeof(layout::Head) + block * sizeof bits, &bits, sizeof bits) ||
         fail("can not write the cells file", errno);
}

bool CellsFile::begin_log_block() noexcept {
  std::uint32_t block = 0;
  if (!allocate_block(block) || !enter(block, {layout::Block::kLog, 0, log_blocks_})) {
    return false;
  }
  ++next_block_;
  ++log_blocks_;
  log_next_ = std::uint64_t{block} * layout::kBlockBytes;
  log_end_ = log_next_ + layout::kBlockBytes;
  return true;
}

bool CellsFile::append(layout::Record kind, std::uint32_t tag,
                       std::span<const std::uint8_t> body) noexcept {
  const std::lock_guard lock(mutex_);
  if (log_broken_ || !holds_file()) {
    return false;
  }
  layout::RecordHead head{static_cast<std::uint32_t>(body.size()), 0, kind, tag};
  head.checksum = checksum_of(head, body);
  const std::size_t bytes = layout::record_bytes(body.size());
  if (body.size() > layout::kBodyBytesMax) {
    log_broken_ = true;
    return fail("a definition is too long for the cells file", 0);
  }
  if (log_end_ - log_next_ < bytes && !begin_log_block()) {
    log_broken_ = true;
    return false;
  }
  const std::array<iovec, 2> parts{iovec{&head, sizeof head},
                                   iovec{const_cast<std::uint8_t*>(body.data()), body.size()}};
  ssize_t written = 0;
  do {
    written = ::pwritev(file_, parts.data(), parts.size(), static_cast<off_t>(log_next_));
  } while (written < 0 && errno == EINTR);
  if (written != static_cast<ssize_t>(sizeof head + body.size())) {
    log_broken_ = true;  // what follows a torn record is not read
    return fail("can not write the cells file", errno);
  }
  log_next_ += bytes;
  return true;
}

bool CellsFile::map(std::uint32_t range, std::uint32_t segment, void* at,
                    bool with_contents) noexcept {
  const std::lock_guard lock(mutex_);
  std::uint32_t block = 0;
  if (range > layout::kOrdinalMax || !holds_file() || !allocate_block(block)) {
    return false;
  }
  const std::uint64_t offset = std::uint64_t{block} * layout::kBlockBytes;
  if (with_contents && !write_at(file_, offset, at, layout::kBlockBytes)) {
    return fail("can not write the cells file", errno);
  }
  if (::mmap(at, layout::kBlockBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file_,
             static_cast<off_t>(offset)) == MAP_FAILED) {
    const int error = errno;
    // The kernel may have taken the old memory away first.
    if (map_private(at) && with_contents) {
      (void)!::pread(file_, at, layout::kBlockBytes, static_cast<off_t>(offset));
    }
    return fail("can not map a block of the cells file", error);
  }
  ++next_block_;
  // Nobody has the cells yet, so that nothing can be counted before the block has its name.
  return enter(block, {layout::Block::kCells, static_cast<std::uint16_t>(segment), range});
}

void CellsFile::set_named() noexcept {
  const std::lock_guard lock(mutex_);
  named_ = true;
}

void CellsFile::withdraw(const char* why) noexcept {
  const std::lock_guard lock(mutex_);
  if (holds_file()) {
    ::unlink(path_.c_str());
    ::close(file_);  // what is mapped stays memory, without a name
    file_ = -1;
    fail(why, 0);
  }
}

bool CellsFile::is_parents() const {
  const std::lock_guard lock(mutex_);
  return forked_ && !shared_with_parent_;
}

std::string CellsFile::path() const {
  const std::lock_guard lock(mutex_);
  return file_ >= 0 ? path_ : std::string();
}

std::string CellsFile::note() const {
  const std::lock_guard lock(mutex_);
  if (shared_with_parent_) {
    return "no memory for the cells of a forked child: it counts into those of its parent";
  }
  return forked_ ? "a forked child: its cells are in private memory" : note_;
}

bool CellsFile::fail(const char* what, int error) noexcept {
  try {
    std::string text = what;
    if (error != 0) {
      text += ": " + std::generic_category().message(error);
    }
    set_note(text);
  } catch (const std::exception&) {
  }
  return false;
}

void CellsFile::set_note(const std::string& text) noexcept {
  try {
    note_ = text;
  } catch (const std::exception&) {
    note_.clear();
  }
}

void CellsFile::before_fork() noexcept {
  mutex_.lock();
}

void CellsFile::after_fork_in_parent() noexcept {
  mutex_.unlock();
}

void CellsFile::after_fork_in_child(bool cells_are_private) noexcept {
  if (holds_file()) {
    ::close(file_);  // the lock is the parent's, and stays
    file_ = -1;
  }
  // No memory is taken here: another thread may have had the allocator's lock.
  forked_ = true;
  shared_with_parent_ = !cells_are_private;
  mutex_.unlock();
}

}  // namespace weir::cells
