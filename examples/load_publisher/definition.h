// What a command's @options say about a new family. Pure functions.
#pragma once

#include <weir/weir.h>

#include <string>

#include "examples/load_publisher/command.h"

namespace load_publisher {

// @help=TEXT @unit=NAME @group=NAME @aggregation=sum|min|max|mean|last|per_instance
// @hold=MILLISECONDS
// @bounds=0.1,1,10; `options` is filled as far as they can be read.
weir::Status define(const Command& command, weir::FamilyOptions& options);

// The whole text as a number, or an error that names it.
weir::Status parse_number(const std::string& text, double& number);
weir::Status parse_number(const std::string& text, std::uint64_t& number);

}  // namespace load_publisher
