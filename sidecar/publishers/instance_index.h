// Instances by their id: an open hash table, so that where an id leads can be fetched into the
// cache before it is asked for. Who owns them is another's business. Thread-compatible: the caller
// locks.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "schemas/instance_id.h"

namespace weir::sidecar {

struct Instance;

class InstanceIndex {
 public:
  // Null: it is not there.
  [[nodiscard]] Instance* find(const wire::InstanceId& id) const {
    if (count_ == 0) {
      return nullptr;
    }
    for (std::size_t at = home(id); entries_[at].instance != nullptr; at = after(at)) {
      if (entries_[at].id == id) {
        return entries_[at].instance;
      }
    }
    return nullptr;
  }
  void prefetch(const wire::InstanceId& id) const {
    if (count_ > 0) {
      __builtin_prefetch(&entries_[home(id)]);
    }
  }

  // REQUIRES: it is not there.
  void insert(const wire::InstanceId& id, Instance* instance) {
    if ((count_ + 1) * 4 > entries_.size() * 3) {
      const std::vector<Entry> before =
          std::exchange(entries_, std::vector<Entry>(entries_.empty() ? 16 : entries_.size() * 2));
      for (const Entry& entry : before) {
        if (entry.instance != nullptr) {
          place(entry);
        }
      }
    }
    place({id, instance});
    ++count_;
  }

  // REQUIRES: it is there.
  void erase(const wire::InstanceId& id) {
    std::size_t hole = home(id);
    while (entries_[hole].id != id) {
      hole = after(hole);
    }
    // What follows moves up, so that no search ends at the hole.
    for (std::size_t at = after(hole); entries_[at].instance != nullptr; at = after(at)) {
      const std::size_t distance = (at - home(entries_[at].id)) & mask();
      if (distance >= ((at - hole) & mask())) {
        entries_[hole] = entries_[at];
        hole = at;
      }
    }
    entries_[hole] = {};
    --count_;
  }

  [[nodiscard]] std::size_t size() const { return count_; }

 private:
  struct Entry {
    wire::InstanceId id;
    Instance* instance = nullptr;
  };

  [[nodiscard]] std::size_t mask() const { return entries_.size() - 1; }  // of a power of two
  [[nodiscard]] std::size_t home(const wire::InstanceId& id) const {
    return std::hash<wire::InstanceId>{}(id)&mask();
  }
  [[nodiscard]] std::size_t after(std::size_t at) const { return (at + 1) & mask(); }
  void place(const Entry& entry) {
    std::size_t at = home(entry.id);
    while (entries_[at].instance != nullptr) {
      at = after(at);
    }
    entries_[at] = entry;
  }

  std::vector<Entry> entries_;
  std::size_t count_ = 0;
};

}  // namespace weir::sidecar
