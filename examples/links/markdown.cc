#include "examples/links/markdown.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"

namespace heddle::links {
namespace {

constexpr std::string_view kFence = "```";

void LinksOfLine(std::string_view line, std::vector<std::string_view>* links) {
  bool code = false;
  for (size_t i = 0; i < line.size(); i++) {
    if (line[i] == '`') code = !code;
    if (code || !absl::StartsWith(line.substr(i), "](")) continue;
    const size_t begin = i + 2;
    const size_t end = line.find_first_of(") \t", begin);
    if (end == std::string_view::npos) return;
    links->push_back(line.substr(begin, end - begin));
    i = end;
  }
}

}  // namespace

std::vector<std::string_view> LinksOf(std::string_view page) {
  std::vector<std::string_view> links;
  bool fenced = false;
  for (const std::string_view line : absl::StrSplit(page, '\n')) {
    if (absl::StartsWith(absl::StripLeadingAsciiWhitespace(line), kFence)) {
      fenced = !fenced;
    } else if (!fenced) {
      LinksOfLine(line, &links);
    }
  }
  return links;
}

}  // namespace heddle::links
