// Finds broken links in Markdown files, from one file on:
// `bazel run //examples:links -- README.md`.

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/status/statusor.h"
#include "examples/links/crawl.h"
#include "heddle/heddle.h"

namespace {

constexpr int64_t kOpenFiles = 64;

// Bazel runs a program in a folder of its own; a path is the user's.
std::string UsersPath(const std::string& path) {
  const char* dir = getenv("BUILD_WORKING_DIRECTORY");
  return dir == nullptr || path[0] == '/' ? path
                                          : std::string(dir) + "/" + path;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 2) {
    std::fprintf(stderr, "usage: links [FILE] (README.md)\n");
    return 2;
  }
  const std::string root = UsersPath(argc == 2 ? argv[1] : "README.md");
  return heddle::Run([&] {
    const absl::StatusOr<heddle::links::Crawled> crawled =
        heddle::links::Crawl(heddle::Context::Background(), root, kOpenFiles);
    if (!crawled.ok()) {
      std::fprintf(stderr, "links: %s\n",
                   std::string(crawled.status().message()).c_str());
      return 1;
    }
    for (const auto& [page, link] : crawled->broken) {
      std::printf("%s: %s\n", page.c_str(), link.c_str());
    }
    std::printf("%lld pages, %lld links, %zu broken\n",
                static_cast<long long>(crawled->pages),  // NOLINT
                static_cast<long long>(crawled->links),  // NOLINT
                crawled->broken.size());
    return crawled->broken.empty() ? 0 : 1;
  });
}
