// The note under a model checker: every meeting of a sleeper and its waker.

#include <cstdint>
#include <iostream>
#include <string>

#include "gtest/gtest.h"
#include "heddle/runtime/os/note.h"
#include "heddle/testing/model/model.h"

namespace heddle::os {
namespace {

struct ModelPolicy {
  template <typename T>
  using Atomic = model::Atomic<T>;

  static void FutexSleep(Atomic<uint32_t>* word, uint32_t value, int64_t ns,
                         HEDDLE_MODEL_SITE) {
    if (word->FutexWait(value, /*is_timed=*/ns >= 0, at)) now += ns;
  }
  static void FutexWakeup(Atomic<uint32_t>* word, int n, HEDDLE_MODEL_SITE) {
    if (model::Mutates(at, model::Op::kCall, std::memory_order_seq_cst)) return;
    word->FutexWake(n, at);
  }
  static int64_t Nanotime() { return now; }

  static inline int64_t now = 0;
};

using ModelNote = BasicNote<ModelPolicy>;

// A message each way, so that each note is cleared and used again.
struct PingPong : model::Suite<2> {
  ModelNote ping, pong;
  model::Var<int> data{0};

  void Thread(unsigned index) override {
    for (int round = 0; round < 2; round++) {
      if (index == 0) {
        data.Set(round);
        ping.Wakeup();
        pong.Sleep();
        pong.Clear();
        model::Require(data.Get() == round + 10, "the answer is seen");
      } else {
        ping.Sleep();
        ping.Clear();
        model::Require(data.Get() == round, "the question is seen");
        data.Set(round + 10);
        pong.Wakeup();
      }
    }
  }
};

// The sleeper has a limit; when it is over it may be woken all the same.
struct TimedSleep : model::Suite<2> {
  ModelNote note;
  model::Var<int> data{0};
  model::Atomic<int> late{0};

  void Thread(unsigned index) override {
    if (index == 0) {
      data.Set(1);
      note.Wakeup();
      return;
    }
    if (!note.SleepFor(1)) {
      note.Sleep();
    }
    model::Require(data.Get() == 1, "what came before Wakeup is seen");
    note.Clear();
  }
};

TEST(NoteModelTest, PingPong) {
  EXPECT_CLEAN(PingPong, model::Bound(3));
  EXPECT_CLEAN(PingPong, model::Random(200'000));
}

TEST(NoteModelTest, TimedSleep) {
  EXPECT_CLEAN(TimedSleep, model::Full());
  EXPECT_CLEAN(TimedSleep, model::Random(200'000));
}

using enum std::memory_order;
using enum model::Op;
using enum model::Mutation::Kind;

TEST(NoteModelTest, Mutants) {
  EXPECT_CAUGHT(PingPong, model::Bound(3),
                {.what = "Sleep's acquire left out",
                 .function = "Sleep",
                 .op = kLoad,
                 .order = acquire});
  EXPECT_CAUGHT(TimedSleep, model::Full(),
                {.what = "SleepFor's acquire left out",
                 .function = "SleepFor",
                 .op = kLoad,
                 .order = acquire});
  EXPECT_CAUGHT(PingPong, model::Bound(3),
                {.what = "Wakeup's release left out",
                 .function = "Wakeup",
                 .op = kExchange,
                 .order = release});
  EXPECT_CAUGHT(PingPong, model::Bound(3),
                {.what = "Sleep does not look at the word",
                 .function = "Sleep",
                 .op = kLoad,
                 .order = acquire,
                 .kind = kAnswer,
                 .answer = 1});
  EXPECT_CAUGHT(PingPong, model::Bound(3),
                {.what = "Wakeup wakes nobody",
                 .function = "Wakeup",
                 .op = kCall,
                 .kind = kDrop});
}

}  // namespace
}  // namespace heddle::os
