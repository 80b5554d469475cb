// programs NAME [fixed]: runs that program, with its mistake or without.

#include <cstdio>
#include <string_view>

#include "testing/sanitizer/programs/programs.h"

namespace heddle::testing {
namespace {

constexpr struct {
  std::string_view name;
  void (*run)(bool fixed);
} kPrograms[] = {
    {"captured_race", CapturedRace},
    {"channel_race", ChannelRace},
    {"dead_race", DeadRace},
    {"dead_stack", DeadStack},
    {"heap_use_after_free", HeapUseAfterFree},
    {"leak", Leak},
    {"lock_order", LockOrder},
    {"stack_overflow", StackOverflow},
    {"use_after_return", UseAfterReturn},
};

int Main(int argc, char** argv) {
  for (const auto& program : kPrograms) {
    if (argc >= 2 && program.name == argv[1]) {
      program.run(argc > 2 && std::string_view(argv[2]) == "fixed");
      return 0;
    }
  }
  std::fprintf(stderr, "usage: programs NAME [fixed], with one of these:\n");
  for (const auto& program : kPrograms) {
    std::fprintf(stderr, "  %s\n", program.name.data());
  }
  return 2;
}

}  // namespace
}  // namespace heddle::testing

int main(int argc, char** argv) { return heddle::testing::Main(argc, argv); }
