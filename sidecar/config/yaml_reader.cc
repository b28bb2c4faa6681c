#include "sidecar/config/yaml_reader.h"

#include <yaml-cpp/yaml.h>
// Not part of yaml.h:
#include <yaml-cpp/eventhandler.h>

#include <set>
#include <sstream>
#include <stdexcept>

namespace weir::sidecar {
namespace {

YamlPlace place_of(const YAML::Mark& mark) {
  if (mark.is_null()) {
    return {};
  }
  return {static_cast<std::size_t>(mark.line) + 1, static_cast<std::size_t>(mark.column) + 1};
}

// Inside this file only: the way out of yaml-cpp's parser.
struct Refused : std::runtime_error {
  Refused(YamlPlace where, const std::string& what) : std::runtime_error(what), place(where) {}
  YamlPlace place;
};

// Listens to the parser instead of building a tree: places of keys stay known, and nothing grows
// beyond the file.
class Flattener : public YAML::EventHandler {
 public:
  explicit Flattener(std::vector<YamlEntry>& entries) : entries_(entries) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      throw Refused(place_of(mark), "holds a second document (---); wanted one");
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    if (levels_.empty()) {
      return;  // an empty file
    }
    scalar(mark, "", false);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Refused(place_of(mark), "aliases (*name) are not supported here");
  }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string& value) override {
    scalar(mark, value, true);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    throw Refused(place_of(mark), (levels_.empty() ? "the file" : path()) +
                                      " is a list; wanted a value (put text that begins with [ in "
                                      "quotes)");
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    if (!levels_.empty() && !levels_.back().has_key) {
      throw Refused(place_of(mark), "a key is text, not a map");
    }
    if (levels_.size() >= kYamlDepthMax) {
      throw Refused(place_of(mark), "is nested deeper than " + std::to_string(kYamlDepthMax));
    }
    levels_.emplace_back();
  }
  void OnMapEnd() override {
    levels_.pop_back();
    if (!levels_.empty()) {
      levels_.back().has_key = false;
    }
  }

 private:
  struct Level {
    std::string key;
    YamlPlace place;
    bool has_key = false;  // the key was read, its value comes next
    std::set<std::string> seen;
  };

  [[nodiscard]] std::string path() const {
    std::string dotted;
    for (const Level& level : levels_) {
      dotted += (dotted.empty() ? "" : ".") + level.key;
    }
    return dotted;
  }

  void scalar(const YAML::Mark& mark, const std::string& value, bool has_value) {
    if (levels_.empty()) {
      throw Refused(place_of(mark), "the file is not a map of keys; wanted `key: value`");
    }
    Level& level = levels_.back();
    if (level.has_key) {
      level.has_key = false;
      entries_.push_back({path(), value, level.place, place_of(mark), has_value});
      return;
    }
    level.key = value;
    level.place = place_of(mark);
    level.has_key = true;
    if (!has_value || value.empty()) {
      throw Refused(level.place, "a key is empty");
    }
    if (!level.seen.insert(value).second) {
      throw Refused(level.place, path() + ": stands here for the second time");
    }
  }

  std::vector<YamlEntry>& entries_;
  std::vector<Level> levels_;
  int documents_ = 0;
};

}  // namespace

std::string YamlPlace::in(std::string_view file) const {
  std::string text(file);
  return line == 0 ? text : text + ":" + std::to_string(line) + ":" + std::to_string(column);
}

YamlContents parse_yaml(std::string_view text) {
  YamlContents contents;
  if (text.size() > kYamlBytesMax) {
    contents.error = "is larger than " + std::to_string(kYamlBytesMax >> 20) + " MiB";
    return contents;
  }
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    Flattener flattener(contents.entries);
    while (parser.HandleNextDocument(flattener)) {
    }
  } catch (const Refused& refused) {
    contents.error = refused.what();
    contents.error_place = refused.place;
  } catch (const YAML::Exception& error) {
    contents.error = error.msg;
    contents.error_place = place_of(error.mark);
  }
  return contents;
}

}  // namespace weir::sidecar
