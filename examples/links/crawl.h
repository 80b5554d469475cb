// A crawl: from a page to those that it links to, and on, each page once and in
// a goroutine of its own.
//
// As a crawler of the web does it, with the local file system for the web:
// which pages were seen is in a set behind a Mutex, a WaitGroup counts those
// that are being read, and a Semaphore keeps the number of open files down.

#ifndef EXAMPLES_LINKS_CRAWL_H_
#define EXAMPLES_LINKS_CRAWL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "heddle/heddle.h"

namespace heddle::links {

struct BrokenLink {
  std::string page;  // a path
  std::string link;  // as it is written there

  friend bool operator==(const BrokenLink& a, const BrokenLink& b) {
    return a.page == b.page && a.link == b.link;
  }
};

struct Crawled {
  int64_t pages = 0;               // Markdown files that were read
  int64_t links = 0;               // to files and folders, in them
  std::vector<BrokenLink> broken;  // those to what is not there, sorted
};

// Crawls from `root`, a Markdown file, through all `.md` files that can be
// reached, with `open_files` (1 or more) of them open at a time. What else is
// linked to is only looked for; links with a scheme ("https:") are left alone,
// and so is what follows a '#'. From a goroutine; returns when all that it has
// started have ended. Errors: `root` cannot be read, or the context's.
absl::StatusOr<Crawled> Crawl(const Context& ctx, const std::string& root,
                              int64_t open_files);

}  // namespace heddle::links

#endif  // EXAMPLES_LINKS_CRAWL_H_
