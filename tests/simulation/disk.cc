#include "tests/simulation/disk.h"

#include <algorithm>
#include <utility>

namespace weir::simulation {
namespace {

constexpr const char* kReadOnly = "Read-only file system";

}  // namespace

class Disk::OpenFile final : public sidecar::Storage::File {
 public:
  OpenFile(Disk& disk, std::uint64_t life, std::string name, std::shared_ptr<Content> content)
      : disk_(disk), life_(life), name_(std::move(name)), content_(std::move(content)) {}

  Status append(std::span<const std::uint8_t> bytes) override {
    if (disk_.life_ != life_) {
      return Status::error("dead");
    }
    const auto add = [&](std::size_t count) {
      content_->bytes.insert(content_->bytes.end(), bytes.begin(),
                             bytes.begin() + static_cast<std::ptrdiff_t>(count));
    };
    disk_.begin("append", name_, [&](Random& random) { add(random.below(bytes.size() + 1)); });
    if (disk_.read_only_) {
      return disk_.fail("append", name_, kReadOnly);
    }
    if (disk_.full_) {
      add(bytes.size() / 2);  // a short write, as a disk that fills up makes it
      return disk_.fail("append", name_, "No space left on device");
    }
    add(bytes.size());
    disk_.end();
    return {};
  }

  Status sync() override {
    if (disk_.life_ != life_) {
      return Status::error("dead");
    }
    disk_.begin("sync", name_, [](Random&) {});
    if (disk_.sync_fails_ || disk_.read_only_) {
      return disk_.fail("sync", name_, "Input/output error");
    }
    content_->synced = content_->bytes.size();
    disk_.end();
    return {};
  }

 private:
  Disk& disk_;
  const std::uint64_t life_;
  const std::string name_;
  const std::shared_ptr<Content> content_;
};

class Disk::Handle final : public sidecar::Storage {
 public:
  Handle(Disk& disk, std::uint64_t life) : disk_(disk), life_(life) {}

  Result<std::vector<std::string>> list() override {
    if (disk_.life_ != life_) {
      return Status::error("dead");
    }
    disk_.begin("list", "the folder", [](Random&) {});
    std::vector<std::string> names;
    for (const auto& [name, content] : disk_.names_) {
      names.push_back(name);
    }
    disk_.end();
    return names;
  }

  Result<std::vector<std::uint8_t>> read(const std::string& name) override {
    if (disk_.life_ != life_) {
      return Status::error("dead");
    }
    disk_.begin("read", name, [](Random&) {});
    const auto at = disk_.names_.find(name);
    if (at == disk_.names_.end()) {
      return disk_.fail("read", name, "No such file or directory");
    }
    disk_.end();
    return at->second->bytes;
  }

  Result<std::unique_ptr<File>> create(const std::string& name) override {
    if (disk_.life_ != life_) {
      return Status::error("dead");
    }
    disk_.begin("create", name, [](Random&) {});
    if (disk_.read_only_) {
      return disk_.fail("create", name, kReadOnly);
    }
    if (disk_.full_ || disk_.names_.contains(name)) {
      return disk_.fail("create", name, disk_.full_ ? "No space left on device" : "File exists");
    }
    auto content = std::make_shared<Content>();
    disk_.names_[name] = content;
    disk_.names_changed();
    disk_.end();
    return std::unique_ptr<File>(
        std::make_unique<OpenFile>(disk_, life_, name, std::move(content)));
  }

  Status rename(const std::string& from, const std::string& to) override {
    if (disk_.life_ != life_) {
      return Status::error("dead");
    }
    disk_.begin("rename", from, [](Random&) {});
    const auto at = disk_.names_.find(from);
    if (disk_.read_only_) {
      return disk_.fail("rename", from, kReadOnly);
    }
    if (disk_.rename_fails_ || at == disk_.names_.end()) {
      return disk_.fail("rename", from,
                        disk_.rename_fails_ ? "Input/output error" : "No such file or directory");
    }
    disk_.names_[to] = at->second;
    disk_.names_.erase(from);
    disk_.names_changed();
    disk_.end();
    return {};
  }

  Status remove(const std::string& name) override {
    if (disk_.life_ != life_) {
      return Status::error("dead");
    }
    disk_.begin("remove", name, [](Random&) {});
    if (disk_.read_only_ && disk_.names_.contains(name)) {
      return disk_.fail("remove", name, kReadOnly);
    }
    if (disk_.names_.erase(name) == 0) {
      return disk_.fail("remove", name, "No such file or directory");
    }
    disk_.names_changed();
    disk_.end();
    return {};
  }

  Status sync_folder() override {
    if (disk_.life_ != life_) {
      return Status::error("dead");
    }
    disk_.begin("sync", "the folder", [](Random&) {});
    if (disk_.sync_fails_ || disk_.read_only_) {
      return disk_.fail("sync", "the folder", "Input/output error");
    }
    disk_.synced_names_ = disk_.names_;
    disk_.names_since_sync_.clear();
    disk_.end();
    return {};
  }

 private:
  Disk& disk_;
  const std::uint64_t life_;
};

std::unique_ptr<sidecar::Storage> Disk::open() {
  return std::make_unique<Handle>(*this, ++life_);
}

void Disk::kill_at(std::uint64_t operations, std::uint64_t seed) {
  kill_armed_ = true;
  kill_in_ = operations;
  kill_random_ = Random(seed);
}

void Disk::begin(const char* what, const std::string& name,
                 const std::function<void(Random&)>& tear) {
  ++operations_;
  trace_.say("    disk: ", what, " ", name);
  if (!kill_armed_ || kill_in_-- > 0) {
    return;
  }
  kill_armed_ = false;
  const std::uint64_t how = kill_random_.below(3);
  if (how == 0) {
    kill_after_ = true;
    return;
  }
  if (how == 1) {
    tear(kill_random_);
  }
  throw Killed{};
}

void Disk::end() {
  if (std::exchange(kill_after_, false)) {
    throw Killed{};
  }
}

Status Disk::fail(const char* what, const std::string& name, const char* why) {
  kill_after_ = false;
  speechless_ |= read_only_;
  failures_ += full_ || sync_fails_ || rename_fails_ || read_only_ ? 1 : 0;
  trace_.say("    disk: ", what, " ", name, " fails: ", why);
  return Status::error(std::string("cannot ") + what + " " + name + ": " + why);
}

void Disk::lose_all() {
  ++life_;
  names_.clear();
  synced_names_.clear();
  names_since_sync_.clear();
}

void Disk::lose_power(Random& random) {
  ++life_;
  if (const std::uint64_t kept = random.below(names_since_sync_.size() + 1); kept > 0) {
    synced_names_ = names_since_sync_[kept - 1];
  }
  names_ = synced_names_;
  names_since_sync_.clear();
  for (auto& [name, content] : names_) {
    // Another name of the old content may be gone, but nobody else holds it: the process is dead.
    std::vector<std::uint8_t>& bytes = content->bytes;
    bytes.resize(content->synced + random.below(bytes.size() - content->synced + 1));
    if (bytes.size() > content->synced && random.below(2) == 0) {
      // The length was written, the blocks were not.
      const std::size_t from = content->synced + random.below(bytes.size() - content->synced);
      std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(from), bytes.end(), 0);
    }
    content->synced = bytes.size();
  }
}

}  // namespace weir::simulation
