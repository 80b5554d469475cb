// A parked context is unwound from its Gobuf alone.

#include <libunwind.h>

#include <cstring>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "heddle/runtime/arch/context_for_test.h"
#include "heddle/runtime/arch/gobuf.h"

namespace heddle::arch {
namespace {

// The names of the functions on the stack that *buf leads to, innermost first.
// `end` is what the last step said: 0 at the end of the stack, below 0 when the
// unwinder was lost.
std::vector<std::string> Unwind(const Gobuf& buf, int* end) {
  unw_context_t context;
  std::memset(&context, 0, sizeof context);
#if defined(__x86_64__)
  context.uc_mcontext.gregs[REG_RIP] = static_cast<greg_t>(ParkedPc());
  context.uc_mcontext.gregs[REG_RSP] = static_cast<greg_t>(buf.sp);
#else
  context.uc_mcontext.pc = ParkedPc();
  context.uc_mcontext.sp = buf.sp;
#endif
  unw_cursor_t cursor;
  std::vector<std::string> names;
  *end = unw_init_local2(&cursor, &context, UNW_INIT_SIGNAL_FRAME);
  if (*end < 0) return names;
  do {
    char name[512] = "?";
    unw_word_t offset;
    unw_get_proc_name(&cursor, name, sizeof name, &offset);
    names.emplace_back(name);
    *end = unw_step(&cursor);
  } while (*end > 0 && names.size() < 100);
  return names;
}

size_t IndexOf(const std::vector<std::string>& names, const char* part) {
  size_t i = 0;
  while (i < names.size() && names[i].find(part) == std::string::npos) i++;
  return i;
}

[[gnu::noinline]] void OuterFunction(Context& c, int depth) {
  if (depth > 0) {
    OuterFunction(c, depth - 1);
  } else {
    c.Suspend();
  }
  asm volatile("");  // no tail call
}

TEST(Parked, IsUnwoundFromItsGobuf) {
  Context context([](Context& c) { OuterFunction(c, 3); });
  context.Resume();
  int end = 1;
  const std::vector<std::string> names = Unwind(context.buf(), &end);
  std::string all;
  for (const std::string& name : names) all += name + "\n";
  EXPECT_EQ(end, 0) << all;
  const size_t outer = IndexOf(names, "OuterFunction");
  // Between the two, what of Context's the optimiser left.
  EXPECT_EQ(IndexOf(names, "heddle_parked"), 0u) << all;
  // All four of them.
  ASSERT_LT(outer + 3, names.size()) << all;
  EXPECT_NE(names[outer + 3].find("OuterFunction"), std::string::npos) << all;
  EXPECT_LT(outer + 3, IndexOf(names, "Entry")) << all;
  EXPECT_EQ(IndexOf(names, "heddle_context_"), names.size() - 1) << all;
  context.Resume();
  EXPECT_TRUE(context.done());
}

TEST(Parked, AContextThatNeverRanHasOnlyItsBase) {
  Context context([](Context&) {});
  int end = 1;
  const std::vector<std::string> names = Unwind(context.buf(), &end);
  EXPECT_EQ(end, 0);
  ASSERT_EQ(names.size(), 2u);
  EXPECT_NE(names[0].find("heddle_parked"), std::string::npos);
  EXPECT_NE(names[1].find("heddle_context_"), std::string::npos);
}

}  // namespace
}  // namespace heddle::arch
