// The program as a user runs it, beside the coreutils pipelines that count the
// same.

#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>  // NOLINT(build/c++17)
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace heddle::wordcount {
namespace {

namespace fs = std::filesystem;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using ::testing::StartsWith;

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Ran {
  int status;
  std::string out;
  std::string err;
};

class WordcountTest : public testing::Test {
 protected:
  WordcountTest() {
    std::string dir = absl::StrCat(testing::TempDir(), "/wordcount.XXXXXX");
    EXPECT_NE(mkdtemp(dir.data()), nullptr);
    dir_ = dir;
    fs::create_directory(tree());
    setenv("TREE", tree().c_str(), 1);
    setenv("WORDCOUNT", fs::absolute("examples/wordcount/wordcount").c_str(),
           1);
  }
  ~WordcountTest() override { fs::remove_all(dir_); }

  fs::path tree() const { return dir_ / "tree"; }

  void Write(const fs::path& name, std::string_view text) const {
    fs::create_directories((tree() / name).parent_path());
    std::ofstream(tree() / name, std::ios::binary) << text;
  }

  // Runs a command of the shell's. $WORDCOUNT is the program, $TREE the tree.
  Ran Shell(std::string_view command) const {
    const std::string whole =
        absl::StrCat("( ", command, " ) </dev/null >'", (dir_ / "out").string(),
                     "' 2>'", (dir_ / "err").string(), "'");
    const int status = system(whole.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1,
            ReadFile(dir_ / "out"), ReadFile(dir_ / "err")};
  }

  // What the pipelines say, in wordcount's own form but for its last line.
  std::string Expected() const {
    const Ran ran = Shell(R"(
        set -e; export LC_ALL=C; cd "$TREE"
        words() { find . -type f -print0 | xargs -0 grep -ah ''; }
        words | tr -cs A-Za-z '\n' | tr A-Z a-z | grep . | sort | uniq -c |
          sort -k1,1nr -k2,2 | head -n 20 |
          while read -r n word; do printf '%9d %s\n' "$n" "$word"; done
        files=$(find . -type f -printf x | wc -c)
        bytes=$(find . -type f -print0 | xargs -0 cat | wc -c)
        words=$(words | tr -dc '[:print:][:space:]' | wc -w)
        others=$(find . ! -type f ! -type d -printf x | wc -c)
        echo "$files files, $bytes bytes, $words words," \
          "0 unreadable, $others not regular files")");
    EXPECT_EQ(ran.status, 0) << ran.err;
    return ran.out;
  }

  // A tree with what is tricky to read or to count.
  void MakeTree() const {
    Write("plain.txt", "the quick brown fox\njumps over the lazy dog\n");
    Write("empty", "");
    Write("no newline at end", "the End");
    Write("next starts with a word", "less\n");
    Write("new\nline\tin name", "It's the name's fault\n");
    Write("-n", "dash\n");
    Write("crlf", "one\r\ntwo\r\n\fthree\v four\r\n");
    Write("utf8", "na\xc3\xafve \xe2\x80\x94 r\xc3\xa9sum\xc3\xa9 \xff\xfe\n");
    Write(".hidden/file", "hidden words\n");
    Write("\xff\xfe not utf8", "name\n");
    std::string binary;
    for (int i = 0; i < 100'000; ++i) {
      binary.push_back(static_cast<char>(i * 37 % 251 + i / 997));
    }
    Write("binary", binary);
    // Words lie across the edges of what is read at a time.
    std::string big;
    for (int i = 0; big.size() < 300'000; ++i) {
      absl::StrAppend(&big, "word", i % 7 == 0 ? "Alpha" : "beta", " ");
    }
    Write("big", big);
    Write("one word", std::string(150'000, 'w'));
    fs::path deep;
    for (int i = 0; i < 200; ++i) deep /= "deep";
    Write(deep / "down", "deep down\n");
    for (int i = 0; i < 300; ++i) {
      Write(absl::StrCat("many/", i % 10, "/", i), absl::StrCat("many ", i));
    }
    fs::create_symlink("nowhere", tree() / "dangling");
    fs::create_symlink("..", tree() / "loop");
    fs::create_symlink("plain.txt", tree() / "link");
    ASSERT_EQ(mkfifo((tree() / "fifo").c_str(), 0600), 0);
  }

  fs::path dir_;
};

TEST_F(WordcountTest, CountsAsThePipelinesDo) {
  MakeTree();
  const std::string expected = Expected();
  for (const int procs : {1, 2, 8}) {
    const Ran ran =
        Shell(absl::StrCat("$WORDCOUNT --procs=", procs, " \"$TREE\""));
    EXPECT_EQ(ran.status, 0);
    EXPECT_THAT(ran.out, StartsWith(expected));
    EXPECT_THAT(ran.out,
                ContainsRegex(absl::StrCat("\n315 goroutines, [0-9]+ threads, ",
                                           procs, " procs, [0-9.]+ s\n$")));
    // No terminal: no progress.
    EXPECT_THAT(ran.err, IsEmpty());
  }
}

TEST_F(WordcountTest, FewDescriptorsAreEnough) {
  MakeTree();
  const Ran ran = Shell("ulimit -n 20; $WORDCOUNT \"$TREE\"");
  EXPECT_EQ(ran.status, 0);
  EXPECT_THAT(ran.out, HasSubstr(" 0 unreadable"));
  EXPECT_THAT(ran.err, IsEmpty());
}

TEST_F(WordcountTest, UnreadableFilesAreNamedAndCounted) {
  Write("readable", "some words\n");
  Write("folder/secret", "not these\n");
  Write("closed/inside", "nor these\n");
  fs::permissions(tree() / "folder/secret", fs::perms::none);
  fs::permissions(tree() / "closed", fs::perms::none);
  // Root reads everything, but for these capabilities.
  const std::string run =
      geteuid() == 0 ? "setpriv --bounding-set=-dac_override,-dac_read_search "
                     : "";
  const bool can = Shell(run + "true").status == 0;
  if (can) {
    const Ran ran = Shell(run + "$WORDCOUNT \"$TREE\"");
    EXPECT_EQ(ran.status, 0);
    EXPECT_THAT(ran.out, HasSubstr("1 files, 11 bytes, 2 words, 2 unreadable"));
    EXPECT_THAT(ran.err, HasSubstr("/folder/secret: Permission denied\n"));
    EXPECT_THAT(ran.err, HasSubstr("/closed: Permission denied\n"));
  }
  fs::permissions(tree() / "closed", fs::perms::owner_all);
  if (!can) GTEST_SKIP() << "root cannot give up reading everything here";
}

TEST_F(WordcountTest, AReadThatFailsIsNamedAndCounted) {
  // Address 0 of a process is never mapped.
  const Ran ran = Shell("$WORDCOUNT /proc/self/mem");
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.err, "wordcount: /proc/self/mem: Input/output error\n");
  EXPECT_THAT(ran.out, StartsWith("0 files, 0 bytes, 0 words, 1 unreadable"));
}

TEST_F(WordcountTest, TheRootMayBeAFileOrALink) {
  Write("file", "a file of five words\n");
  fs::create_symlink("tree", dir_ / "link");
  for (const char* root : {"$TREE/file", "$TREE/../link", "$TREE/"}) {
    const Ran ran = Shell(absl::StrCat("$WORDCOUNT --top=0 ", root));
    EXPECT_EQ(ran.status, 0);
    EXPECT_THAT(ran.out, StartsWith("1 files, 21 bytes, 5 words"));
  }
}

TEST_F(WordcountTest, DefaultIsTheSourceTreeWithoutHiddenFolders) {
  Write("file", "these words\n");
  Write(".hidden", "a file counts\n");
  Write(".git/objects", "but not this\n");
  for (const char* how :
       {"cd \"$TREE\"; ", "export BUILD_WORKSPACE_DIRECTORY=\"$TREE\"; "}) {
    const Ran ran = Shell(absl::StrCat(how, "$WORDCOUNT --top=0"));
    EXPECT_EQ(ran.status, 0);
    EXPECT_THAT(ran.out, StartsWith("2 files, 26 bytes, 5 words"));
  }
}

TEST_F(WordcountTest, TopIsTheNumberOfWordsListed) {
  Write("file", "c b a b");
  EXPECT_THAT(Shell("$WORDCOUNT --top=2 \"$TREE\"").out,
              StartsWith("        2 b\n        1 a\n1 files"));
}

TEST_F(WordcountTest, AnEmptyTreeHasNothing) {
  EXPECT_THAT(Shell("$WORDCOUNT \"$TREE\"").out,
              StartsWith("0 files, 0 bytes, 0 words, 0 unreadable, 0 not"));
}

TEST_F(WordcountTest, HelpIsOnStandardOutput) {
  const Ran ran = Shell("$WORDCOUNT --help");
  EXPECT_EQ(ran.status, 0);
  EXPECT_THAT(ran.out, HasSubstr("--procs=N"));
  EXPECT_THAT(ran.err, IsEmpty());
}

TEST_F(WordcountTest, WhatIsWrongIsSaidAndGivesAStatus) {
  const struct {
    const char* command;
    int status;
    const char* error;
  } kCases[] = {
      {"$WORDCOUNT --frobnicate", 2, "unknown option \"--frobnicate\""},
      {"$WORDCOUNT --procs=100000 \"$TREE\"", 2, "procs is 100000"},
      {"HEDDLE_PROCS=many $WORDCOUNT \"$TREE\"", 2, "HEDDLE_PROCS"},
      {"$WORDCOUNT \"$TREE/missing\"", 1,
       "/missing: No such file or directory"},
      {"$WORDCOUNT /dev/null", 1, "neither a folder nor a regular file"},
      {"$WORDCOUNT \"$TREE\" >/dev/full", 1, "cannot write"},
  };
  for (const auto& [command, status, error] : kCases) {
    const Ran ran = Shell(command);
    EXPECT_EQ(ran.status, status) << command;
    EXPECT_THAT(ran.err, StartsWith("wordcount: ")) << command;
    EXPECT_THAT(ran.err, HasSubstr(error)) << command;
    EXPECT_THAT(ran.out, IsEmpty()) << command;
  }
}

TEST_F(WordcountTest, NamesCannotHarmTheTerminal) {
  const Ran ran = Shell("$WORDCOUNT \"$TREE/$(printf '\\033]0;x\\nfake')\"");
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, HasSubstr("\\x1b]0;x\\nfake: No such file"));
}

TEST_F(WordcountTest, ATerminalShowsProgressAndTakesItAway) {
  Write("file", "words\n");
  int terminal;
  const pid_t child = forkpty(&terminal, nullptr, nullptr, nullptr);
  if (child < 0) GTEST_SKIP() << "no terminals here";
  if (child == 0) {
    execl("/bin/sh", "sh", "-c", "$WORDCOUNT --top=0 \"$TREE\" >/dev/null",
          nullptr);
    _exit(127);
  }
  std::string shown;
  char buffer[256];
  for (ssize_t n; (n = read(terminal, buffer, sizeof buffer)) > 0;) {
    shown.append(buffer, static_cast<size_t>(n));
  }
  close(terminal);
  int status;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(shown, "\r1 files, 0.0 MB\x1b[K\r\x1b[K");
}

}  // namespace
}  // namespace heddle::wordcount
