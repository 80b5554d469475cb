#include "examples/links/crawl.h"

#include <stdlib.h>

#include <filesystem>  // NOLINT(build/c++17)
#include <fstream>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "heddle/heddle.h"

namespace heddle::links {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CrawlTest : public testing::Test {
 protected:
  CrawlTest() {
    std::string dir = absl::StrCat(testing::TempDir(), "/links.XXXXXX");
    EXPECT_NE(mkdtemp(dir.data()), nullptr);
    dir_ = fs::path(dir).lexically_normal();
  }
  ~CrawlTest() override { fs::remove_all(dir_); }

  std::string Path(std::string_view name) const {
    return (dir_ / name).string();
  }
  void Write(std::string_view name, std::string_view text) const {
    fs::create_directories((dir_ / name).parent_path());
    std::ofstream(dir_ / name) << text;
  }
  Crawled CrawlAll(std::string_view root, Options options = {}) const {
    Crawled crawled;
    heddle::Run(options, [&] {
      absl::StatusOr<Crawled> all = Crawl(Context::Background(), Path(root), 2);
      ASSERT_TRUE(all.ok()) << all.status();
      crawled = *std::move(all);
    });
    return crawled;
  }

  fs::path dir_;
};

TEST_F(CrawlTest, FollowsCirclesOnce) {
  Write("a.md", "[b](docs/b.md) [itself](a.md) [part](#part)");
  Write("docs/b.md", "[a](../a.md#part) [c](c.md) [docs](../docs)");
  Write("docs/c.md", "[b](./b.md) [web](mailto:x.md)");
  Write("not_linked.md", "[x](nowhere)");
  const Crawled crawled = CrawlAll("a.md");
  EXPECT_EQ(crawled.pages, 3);
  EXPECT_EQ(crawled.links, 6);
  EXPECT_THAT(crawled.broken, IsEmpty());
}

TEST_F(CrawlTest, NamesBrokenLinks) {
  Write("a.md", "[b](docs/b.md) [x](none.md)");
  Write("docs/b.md", "[a](a.md#part)");
  EXPECT_THAT(CrawlAll("a.md").broken,
              ElementsAre(BrokenLink{Path("a.md"), "none.md"},
                          BrokenLink{Path("docs/b.md"), "a.md#part"}));
}

TEST_F(CrawlTest, ManyPagesUnderARandomScheduler) {
  constexpr int kPages = 200;
  for (int i = 0; i < kPages; i++) {
    Write(absl::StrCat(i, ".md"),
          absl::StrCat("[](", i * 7 % kPages, ".md) [](", (i + 1) % kPages,
                       ".md) [](none-", i, ")"));
  }
  for (uint64_t seed = 0; seed < 5; seed++) {
    const Crawled crawled =
        CrawlAll("0.md", {.procs = 2, .randomize = true, .seed = seed});
    EXPECT_EQ(crawled.pages, kPages);
    EXPECT_EQ(crawled.links, 3 * kPages);
    EXPECT_EQ(crawled.broken.size(), kPages);
  }
}

TEST_F(CrawlTest, TheRootMustBeThere) {
  heddle::Run([&] {
    EXPECT_TRUE(absl::IsNotFound(
        Crawl(Context::Background(), Path("none.md"), 1).status()));
  });
}

TEST_F(CrawlTest, ACancelledOneSaysSo) {
  Write("a.md", "");
  heddle::Run([&] {
    const auto [ctx, cancel] = WithCancel(Context::Background());
    cancel();
    EXPECT_TRUE(absl::IsCancelled(Crawl(ctx, Path("a.md"), 1).status()));
  });
}

}  // namespace
}  // namespace heddle::links
