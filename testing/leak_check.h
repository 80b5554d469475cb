// LeakCheck: a test fails if it leaves goroutines behind.
//
//   TEST(ServerTest, Stops) {
//     heddle::Run([] {
//       heddle::testing::LeakCheck check;
//       Server server;
//       …
//     });  // fails if goroutines are left that were started after `check`
//   }
//
// A goroutine is left if it was started in the scope, on the same runtime, and
// is still there when the scope ends and all that can go on has gone on: the
// check yields until every goroutine of the scope has ended or is parked. One
// that is in a blocking call or computes, and does not come to an end within
// the patience, is left as well.
//
// System goroutines are nobody's leak.

#ifndef TESTING_LEAK_CHECK_H_
#define TESTING_LEAK_CHECK_H_

#include <cstdint>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "heddle/runtime/debug/traceback.h"

namespace heddle::testing {

class LeakCheck {
 public:
  // Notes the goroutines that there are. On a goroutine; else the test fails.
  // `patience`: how long goroutines may take that are not parked.
  explicit LeakCheck(absl::Duration patience = absl::Seconds(5));

  // Fails the test, unless Leaked was called, if any are left: with what each
  // waits for, its stack and who created it. On the goroutine, or at least the
  // runtime, of the constructor.
  ~LeakCheck();

  LeakCheck(const LeakCheck&) = delete;
  LeakCheck& operator=(const LeakCheck&) = delete;

  // Waits as the destructor does, and returns what is left, by number; the
  // destructor then says nothing.
  std::vector<debug::GoroutineInfo> Leaked();

 private:
  const absl::Duration patience_;
  bool checked_ = false;
  std::unordered_set<uint64_t> before_;
};

// Calls f() and fails the test if it leaves goroutines behind.
template <typename F>
void ExpectNoGoroutineLeaks(F&& f) {
  LeakCheck check;
  std::forward<F>(f)();
}

}  // namespace heddle::testing

#endif  // TESTING_LEAK_CHECK_H_
