// What a page of Markdown links to.

#ifndef EXAMPLES_LINKS_MARKDOWN_H_
#define EXAMPLES_LINKS_MARKDOWN_H_

#include <string_view>
#include <vector>

namespace heddle::links {

// The targets of `[text](target)` and `![text](target)` in `page`, in their
// order, as they are written; those in code, fenced or between backticks, are
// none. They refer to `page`.
std::vector<std::string_view> LinksOf(std::string_view page);

}  // namespace heddle::links

#endif  // EXAMPLES_LINKS_MARKDOWN_H_
