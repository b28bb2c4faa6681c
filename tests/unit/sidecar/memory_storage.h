// A state directory in memory that can fail on command. Power loss: what was not synced is gone.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sidecar/state/storage.h"

namespace weir::sidecar {

class MemoryStorage final : public Storage {
 public:
  struct Content {
    std::vector<std::uint8_t> bytes;
    std::size_t synced = 0;
  };

  Result<std::vector<std::string>> list() override {
    if (on_list) {
      on_list();
    }
    std::vector<std::string> names;
    for (const auto& [name, content] : files) {
      names.push_back(name);
    }
    return names;
  }
  Result<std::vector<std::uint8_t>> read(const std::string& name) override {
    const auto at = files.find(name);
    return at == files.end() ? Result<std::vector<std::uint8_t>>(Status::error(name + ": none"))
                             : Result<std::vector<std::uint8_t>>(at->second->bytes);
  }
  Result<std::unique_ptr<File>> create(const std::string& name) override {
    if (full || files.contains(name)) {
      return Status::error("cannot create " + name + (full ? ": No space left" : ": exists"));
    }
    files[name] = std::make_shared<Content>();
    return std::unique_ptr<File>(std::make_unique<MemoryFile>(*this, files[name]));
  }
  Status rename(const std::string& from, const std::string& to) override {
    const auto at = files.find(from);
    if (at == files.end() || rename_fails) {
      return Status::error(from + ": none");
    }
    files[to] = at->second;
    files.erase(from);
    return {};
  }
  Status remove(const std::string& name) override {
    return files.erase(name) > 0 ? Status() : Status::error(name + ": none");
  }
  Status sync_folder() override { return {}; }

  void lose_power() {
    for (auto& [name, content] : files) {
      content->bytes.resize(content->synced);
    }
  }
  // What a sidecar that dies now leaves behind.
  [[nodiscard]] std::map<std::string, std::shared_ptr<Content>> files_now() const {
    auto copy = files;
    for (auto& [name, content] : copy) {
      content = std::make_shared<Content>(*content);
    }
    return copy;
  }
  [[nodiscard]] std::string only(const std::string& stem) const {
    std::string found;
    for (const auto& [name, content] : files) {
      found = name.starts_with(stem) ? name : found;
    }
    return found;
  }

  std::map<std::string, std::shared_ptr<Content>> files;
  bool full = false;
  bool rename_fails = false;
  std::uint64_t syncs = 0;
  std::function<void()> on_append;  // after each
  std::function<void()> on_list;

 private:
  class MemoryFile final : public File {
   public:
    MemoryFile(MemoryStorage& storage, std::shared_ptr<Content> content)
        : storage_(storage), content_(std::move(content)) {}
    Status append(std::span<const std::uint8_t> bytes) override {
      const std::size_t count = storage_.full ? bytes.size() / 2 : bytes.size();
      content_->bytes.insert(content_->bytes.end(), bytes.begin(),
                             bytes.begin() + static_cast<std::ptrdiff_t>(count));
      if (storage_.on_append) {
        storage_.on_append();
      }
      return storage_.full ? Status::error("cannot write: No space left") : Status();
    }
    Status sync() override {
      ++storage_.syncs;
      content_->synced = content_->bytes.size();
      return {};
    }

   private:
    MemoryStorage& storage_;
    std::shared_ptr<Content> content_;
  };
};

}  // namespace weir::sidecar
