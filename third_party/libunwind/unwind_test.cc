// That libunwind unwinds, and that exceptions and the ends of threads are still
// libgcc's business in a program that has it linked (Debian's own shared
// library takes them over: see libunwind.BUILD).

#include <dlfcn.h>
#include <elf.h>
#include <libunwind.h>
#include <pthread.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>  // NOLINT(build/c++11)
#include <vector>

#include "absl/base/attributes.h"
#include "absl/base/config.h"
#include "gtest/gtest.h"

namespace heddle {
namespace {

// The sanitizers' runtimes put functions of their own before libgcc's.
#if defined(ABSL_HAVE_ADDRESS_SANITIZER) || \
    defined(ABSL_HAVE_MEMORY_SANITIZER) || defined(ABSL_HAVE_THREAD_SANITIZER)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

// The number of frames from here to the thread's first.
ABSL_ATTRIBUTE_NOINLINE int Frames() {
  unw_context_t context;
  unw_cursor_t cursor;
  if (unw_getcontext(&context) != 0) return -1;
  if (unw_init_local(&cursor, &context) != 0) return -1;
  int frames = 0;
  while (unw_step(&cursor) > 0) ++frames;
  return frames;
}

// Frames() with `depth` more of them.
ABSL_ATTRIBUTE_NOINLINE int FramesBelow(int depth) {
  const int frames = depth == 0 ? Frames() : FramesBelow(depth - 1);
  // Keeps the call above from being a tail call.
  asm volatile("" ::: "memory");
  return frames;
}

// Says, when a frame is left, what left it.
class Note {
 public:
  Note(std::string* log, char what) : log_(log), what_(what) {}
  Note(const Note&) = delete;
  Note& operator=(const Note&) = delete;
  ~Note() { log_->push_back(what_); }

 private:
  std::string* log_;
  char what_;
};

ABSL_ATTRIBUTE_NOINLINE void ThrowFrom(int depth, std::string* log) {
  Note note(log, static_cast<char>('0' + depth));
  if (depth == 0) {
    EXPECT_GT(Frames(), 1);
    throw std::runtime_error("thrown");
  }
  ThrowFrom(depth - 1, log);
}

TEST(UnwindTest, SeesEveryFrame) {
  const int frames = FramesBelow(0);
  ASSERT_GT(frames, 1);
  EXPECT_EQ(FramesBelow(10), frames + 10);
}

TEST(UnwindTest, UnwindsWithinACatchAndADestructor) {
  struct Unwinds {
    ~Unwinds() { *frames = Frames(); }
    int* frames;
  };
  int in_destructor = 0;
  try {
    Unwinds unwinds{&in_destructor};
    throw 1;
  } catch (int) {
    EXPECT_GT(Frames(), 1);
  }
  EXPECT_GT(in_destructor, 1);
}

TEST(UnwindTest, ThrowRunsDestructorsOnTheWay) {
  std::string log;
  EXPECT_THROW(ThrowFrom(4, &log), std::runtime_error);
  EXPECT_EQ(log, "01234");
}

TEST(UnwindTest, RethrowsToTheOuterCatch) {
  std::string log;
  try {
    try {
      ThrowFrom(1, &log);
    } catch (const std::logic_error&) {
      FAIL() << "caught as something else";
    } catch (...) {
      log.push_back('r');
      throw;
    }
  } catch (const std::runtime_error& e) {
    EXPECT_STREQ(e.what(), "thrown");
  }
  EXPECT_EQ(log, "01r");
}

TEST(UnwindTest, ThrowsWithinACatch) {
  std::string log;
  try {
    ThrowFrom(0, &log);
  } catch (const std::runtime_error& outer) {
    EXPECT_THROW(ThrowFrom(0, &log), std::runtime_error);
    EXPECT_STREQ(outer.what(), "thrown");
  }
  EXPECT_EQ(log, "00");
  EXPECT_EQ(std::current_exception(), nullptr);
}

TEST(UnwindTest, ExceptionCrossesThreads) {
  std::exception_ptr caught;
  std::thread thread([&caught] {
    std::string log;
    try {
      ThrowFrom(2, &log);
    } catch (...) {
      caught = std::current_exception();
    }
  });
  thread.join();
  EXPECT_THROW(std::rethrow_exception(caught), std::runtime_error);
}

// Runs `body` in a thread; its result is the value that the thread ended with.
void* JoinThread(void* (*body)(void*), std::string* log) {
  pthread_t thread;
  EXPECT_EQ(pthread_create(&thread, nullptr, body, log), 0);
  void* result = nullptr;
  EXPECT_EQ(pthread_join(thread, &result), 0);
  return result;
}

TEST(UnwindTest, PthreadExitRunsDestructorsAndCleanups) {
  std::string log;
  void* result = JoinThread(
      [](void* log) -> void* {
        Note note(static_cast<std::string*>(log), 'd');
        pthread_cleanup_push(
            [](void* log) { static_cast<std::string*>(log)->push_back('c'); },
            log);
        EXPECT_GT(Frames(), 1);
        pthread_exit(log);
        pthread_cleanup_pop(0);
        return nullptr;
      },
      &log);
  EXPECT_EQ(result, &log);
  EXPECT_EQ(log, "cd");
}

TEST(UnwindTest, PthreadExitPassesACatchAllThatRethrows) {
  std::string log;
  void* result = JoinThread(
      [](void* log) -> void* {
        try {
          pthread_exit(log);
        } catch (...) {
          static_cast<std::string*>(log)->push_back('x');
          throw;
        }
        return nullptr;
      },
      &log);
  EXPECT_EQ(result, &log);
  EXPECT_EQ(log, "x");
}

TEST(UnwindTest, CancellationRunsDestructors) {
  std::string log;
  pthread_t thread;
  ASSERT_EQ(pthread_create(
                &thread, nullptr,
                [](void* log) -> void* {
                  Note note(static_cast<std::string*>(log), 'd');
                  EXPECT_GT(Frames(), 1);
                  for (;;) pause();
                },
                &log),
            0);
  ASSERT_EQ(pthread_cancel(thread), 0);
  void* result = nullptr;
  ASSERT_EQ(pthread_join(thread, &result), 0);
  EXPECT_EQ(result, PTHREAD_CANCELED);
  // Cancelled before it began, it has no frame to leave.
  EXPECT_TRUE(log == "d" || log.empty()) << log;
}

TEST(UnwindTest, ThreadEndsWithItsThreadLocals) {
  std::string log;
  std::thread thread([&log] {
    thread_local Note note(&log, 't');
    std::string frames;
    EXPECT_THROW(ThrowFrom(1, &frames), std::runtime_error);
  });
  thread.join();
  EXPECT_EQ(log, "t");
}

// The names of the functions that this program defines.
std::vector<std::string> DefinedFunctions() {
  std::ifstream file("/proc/self/exe", std::ios::binary);
  const std::string image{std::istreambuf_iterator<char>(file), {}};
  Elf64_Ehdr header;
  if (image.size() < sizeof header) return {};
  memcpy(&header, image.data(), sizeof header);
  std::vector<Elf64_Shdr> sections(header.e_shnum);
  memcpy(sections.data(), image.data() + header.e_shoff,
         sections.size() * sizeof sections[0]);
  std::vector<std::string> names;
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_type != SHT_SYMTAB && section.sh_type != SHT_DYNSYM) {
      continue;
    }
    const char* text = image.data() + sections[section.sh_link].sh_offset;
    for (size_t at = 0; at < section.sh_size; at += sizeof(Elf64_Sym)) {
      Elf64_Sym symbol;
      memcpy(&symbol, image.data() + section.sh_offset + at, sizeof symbol);
      if (symbol.st_shndx != SHN_UNDEF) {
        names.emplace_back(text + symbol.st_name);
      }
    }
  }
  return names;
}

TEST(UnwindTest, LibunwindIsLinkedWithoutExceptionHandling) {
  const std::vector<std::string> names = DefinedFunctions();
  int of_libunwind = 0;
  for (std::string_view name : names) {
    if (name.starts_with("_UL") && name.ends_with("_step")) ++of_libunwind;
    if (!kSanitized) {
      EXPECT_FALSE(name.starts_with("_Unwind_")) << name;
    }
  }
  EXPECT_GT(of_libunwind, 0);
}

TEST(UnwindTest, ExceptionsAreLibgccs) {
  if (kSanitized) GTEST_SKIP() << "the sanitizer's own functions come first";
  for (const char* name :
       {"_Unwind_RaiseException", "_Unwind_Resume", "_Unwind_ForcedUnwind"}) {
    void* function = dlsym(RTLD_DEFAULT, name);
    ASSERT_NE(function, nullptr) << name;
    Dl_info info;
    ASSERT_NE(dladdr(function, &info), 0) << name;
    EXPECT_NE(std::string_view(info.dli_fname).find("libgcc_s"),
              std::string_view::npos)
        << name << " is " << info.dli_fname << "'s";
  }
}

}  // namespace
}  // namespace heddle
