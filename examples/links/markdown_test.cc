#include "examples/links/markdown.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace heddle::links {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(MarkdownTest, FindsLinksAndPictures) {
  EXPECT_THAT(LinksOf("see [a](a.md), [b](../b.md#part) and\n![c](c.png)"),
              ElementsAre("a.md", "../b.md#part", "c.png"));
}

TEST(MarkdownTest, ATitleIsNotOfTheTarget) {
  EXPECT_THAT(LinksOf("[a](a.md \"what it is\")"), ElementsAre("a.md"));
}

TEST(MarkdownTest, CodeHasNoLinks) {
  EXPECT_THAT(LinksOf("`[](){}` [a](a.md) `f[1](x)`"), ElementsAre("a.md"));
  EXPECT_THAT(LinksOf("```cpp\n[x](y)\n```\n[a](a.md)\n  ```\n[x](y)\n  ```"),
              ElementsAre("a.md"));
}

TEST(MarkdownTest, WhatIsNoLinkIsNone) {
  EXPECT_THAT(LinksOf(""), IsEmpty());
  EXPECT_THAT(LinksOf("[a] (b) a](neverends"), IsEmpty());
}

}  // namespace
}  // namespace heddle::links
