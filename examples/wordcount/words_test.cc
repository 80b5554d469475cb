#include "examples/wordcount/words.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace heddle::wordcount {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

Tally Count(std::string_view text) {
  WordCounter counter;
  counter.Add(text);
  return std::move(counter).Finish();
}

TEST(WordCounterTest, NothingHasNoWords) {
  const Tally tally = Count("");
  EXPECT_EQ(tally.bytes, 0);
  EXPECT_EQ(tally.words, 0);
  EXPECT_THAT(tally.counts, IsEmpty());
}

TEST(WordCounterTest, EveryWhiteSpaceParts) {
  EXPECT_EQ(Count("a b\tc\nd\ve\ff\rg").words, 7);
  EXPECT_EQ(Count("  a \n\n b  ").words, 2);
  EXPECT_EQ(Count(" \n\t ").words, 0);
}

TEST(WordCounterTest, TheLastWordNeedsNoNewline) {
  EXPECT_EQ(Count("one two").words, 2);
  EXPECT_THAT(Count("one two").counts,
              UnorderedElementsAre(Pair("one", 1), Pair("two", 1)));
}

// As wc -w in the C locale: they neither make a word nor part one.
TEST(WordCounterTest, UnprintableBytesAreNoWords) {
  EXPECT_EQ(Count("\xff\xfe a").words, 1);
  EXPECT_EQ(Count("a\xff"
                  "b")
                .words,
            1);
  EXPECT_EQ(Count(std::string_view("a\0b \0 c", 7)).words, 2);
  EXPECT_EQ(Count("\x7f").words, 0);
}

TEST(WordCounterTest, LettersAreCountedInLowerCase) {
  EXPECT_THAT(Count("The the THE don't x86_64 \xc3\xa9t\xc3\xa9").counts,
              UnorderedElementsAre(Pair("the", 3), Pair("don", 1), Pair("t", 2),
                                   Pair("x", 1)));
}

TEST(WordCounterTest, PunctuationAloneIsAWordWithoutLetters) {
  const Tally tally = Count("-- 42 {}");
  EXPECT_EQ(tally.words, 3);
  EXPECT_THAT(tally.counts, IsEmpty());
}

TEST(WordCounterTest, AWordMayGoOnInTheNextPiece) {
  const std::string_view text = "Hello, wide\tworld 7 \xff x";
  const Tally whole = Count(text);
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    WordCounter counter;
    counter.Add(text.substr(0, cut));
    counter.Add("");
    counter.Add(text.substr(cut));
    const Tally tally = std::move(counter).Finish();
    EXPECT_EQ(tally.bytes, whole.bytes) << cut;
    EXPECT_EQ(tally.words, whole.words) << cut;
    EXPECT_EQ(tally.counts, whole.counts) << cut;
  }
}

TEST(TallyTest, MergeAdds) {
  Tally tally = Count("a b");
  tally.Merge(Count("b c c"));
  tally.Merge(Tally());
  EXPECT_EQ(tally.bytes, 8);
  EXPECT_EQ(tally.words, 5);
  EXPECT_THAT(tally.counts,
              UnorderedElementsAre(Pair("a", 1), Pair("b", 2), Pair("c", 2)));
}

TEST(TallyTest, MergeIntoTheSmaller) {
  Tally tally = Count("a");
  tally.Merge(Count("a b c"));
  EXPECT_THAT(tally.counts,
              UnorderedElementsAre(Pair("a", 2), Pair("b", 1), Pair("c", 1)));
}

TEST(TallyTest, CommonestAreByCountThenByAlphabet) {
  const Tally tally = Count("d b c b a d e d");
  EXPECT_THAT(tally.Commonest(4), ElementsAre(Pair("d", 3), Pair("b", 2),
                                              Pair("a", 1), Pair("c", 1)));
  EXPECT_THAT(tally.Commonest(0), IsEmpty());
  EXPECT_EQ(tally.Commonest(100).size(), 5);
}

}  // namespace
}  // namespace heddle::wordcount
