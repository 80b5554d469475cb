#include "examples/links/crawl.h"

#include <algorithm>
#include <filesystem>  // NOLINT(build/c++17)
#include <fstream>
#include <iterator>
#include <mutex>
#include <optional>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "examples/links/markdown.h"

namespace heddle::links {
namespace {

namespace fs = std::filesystem;

// May block the thread, as what follows.
std::optional<std::string> ReadPage(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

bool Exists(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

bool HasScheme(std::string_view link) {
  return link.substr(0, link.find('/')).find(':') != std::string_view::npos;
}

class Crawler {
 public:
  Crawler(Context ctx, int64_t open_files)
      : ctx_(std::move(ctx)), open_files_(open_files) {}

  // Reads `path` in a goroutine, if nobody has yet.
  void Visit(const fs::path& path) {
    {
      const std::scoped_lock lock(mutex_);
      if (!seen_.insert(path.string()).second) return;
    }
    reading_.Go([this, path] { Read(path); });
  }

  Crawled Take() && {
    reading_.Wait();
    std::sort(result_.broken.begin(), result_.broken.end(),
              [](const BrokenLink& a, const BrokenLink& b) {
                return std::tie(a.page, a.link) < std::tie(b.page, b.link);
              });
    return std::move(result_);
  }

 private:
  void Read(const fs::path& path) {
    if (!ctx_.Err().ok()) return;
    open_files_.Acquire();
    const std::optional<std::string> page =
        Blocking([&] { return ReadPage(path); });
    open_files_.Release();
    if (!page.has_value()) return;  // a link to it is a broken one
    int64_t links = 0;
    for (std::string_view link : LinksOf(*page)) {
      if (HasScheme(link)) continue;
      const std::string_view file = link.substr(0, link.find('#'));
      if (file.empty()) continue;  // within the page
      links++;
      Follow(path, link, file);
    }
    const std::scoped_lock lock(mutex_);
    result_.pages++;
    result_.links += links;
  }

  void Follow(const fs::path& page, std::string_view link,
              std::string_view file) {
    const fs::path target = (page.parent_path() / file).lexically_normal();
    if (!Blocking([&] { return Exists(target); })) {
      const std::scoped_lock lock(mutex_);
      result_.broken.push_back({page.string(), std::string(link)});
    } else if (target.extension() == ".md") {
      Visit(target);
    }
  }

  const Context ctx_;
  Semaphore open_files_;
  WaitGroup reading_;

  Mutex mutex_;  // for the rest
  absl::flat_hash_set<std::string> seen_;
  Crawled result_;
};

}  // namespace

absl::StatusOr<Crawled> Crawl(const Context& ctx, const std::string& root,
                              int64_t open_files) {
  Crawler crawler(ctx, open_files);
  crawler.Visit(fs::path(root).lexically_normal());
  Crawled crawled = std::move(crawler).Take();
  if (absl::Status status = ctx.Err(); !status.ok()) return status;
  if (crawled.pages == 0) {
    return absl::NotFoundError(absl::StrCat(root, ": cannot be read"));
  }
  return crawled;
}

}  // namespace heddle::links
