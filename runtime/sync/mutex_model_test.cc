// The mutex's word under a model checker: goroutines that take the mutex and
// give it back, with a queue, a flag and a bucket's lock as mutex.cc and
// mutex_table.cc have them, told here again in short.
//
// membarrier(2) is a full fence on both sides, as P1202 has it.

#include <cstdint>
#include <iostream>
#include <string>

#include "gtest/gtest.h"
#include "heddle/runtime/sync/mutex_word.h"
#include "heddle/testing/model/model.h"

namespace heddle::sync {
namespace {

struct ModelAtomics : model::Atomics {
  static void LightFence(HEDDLE_MODEL_SITE) {
    model::Fence(std::memory_order_seq_cst, at);
  }
  static constexpr uint32_t kCalm = 1;
};

using Word = BasicMutexWord<ModelAtomics>;

// kThreads that take it kTimes times each. kSpin: they look twice before they
// wait, so that it can become shared without a flag.
template <int kThreads, int kTimes, bool kSpin>
struct Taken : model::Suite<kThreads> {
  Word word;
  model::Var<int> data{0};
  int holders = 0;
  int taken = 0;
  bool gone = false;

  model::Atomic<int> flag{0};  // in the table
  model::Lock bucket;
  // Under it:
  model::Var<bool> up{false};
  model::Var<int> queued{0};
  model::Var<int> queue[kThreads];
  model::Var<bool> starving[kThreads];
  model::Var<bool> granted[kThreads];
  model::Event woken[kThreads];

  void Lock(int self) {
    if (word.TryTake()) return;
    if (kSpin && word.Contend(/*woken=*/false)) return;
    bool was_woken = false;
    while (!word.Contend(was_woken)) {
      bucket.Acquire();
      if (!MustQueue(was_woken)) {
        bucket.Release();
        continue;
      }
      starving[self].Set(was_woken);
      granted[self].Set(false);
      was_woken ? PushFront(self) : PushBack(self);
      bucket.Release();
      woken[self].Wait();
      if (granted[self].Get()) return;
      was_woken = true;
    }
  }

  bool MustQueue(bool was_woken) {
    for (;;) {
      switch (word.Announce(was_woken, up.Get())) {
        case Word::Announced::kDone:
          return true;
        case Word::Announced::kAlone:
          Raise();
          break;
        case Word::Announced::kFree:
          if (up.Get() && queued.Get() == 0) Lower();
          return false;
      }
    }
  }

  void Raise() {
    up.Set(true);
    flag.store(1, std::memory_order_relaxed);
    model::Fence(std::memory_order_seq_cst);
  }

  void Lower() {
    up.Set(false);
    flag.store(0, std::memory_order_relaxed);
  }

  void Unlock() {
    if (word.GiveBackAlone()) {
      if (flag.load(std::memory_order_relaxed) != 0) UnlockLate();
    } else if (!word.GiveBackShared()) {
      UnlockSlow();
    }
  }

  void UnlockSlow() {
    bucket.Acquire();
    model::Require(queued.Get() > 0, "kWaiters says that there are some");
    if (up.Get()) Lower();
    const int next = Pop();
    if (starving[next].Get()) {
      granted[next].Set(true);
      word.HandOver(/*more=*/queued.Get() != 0);
    } else {
      word.GiveBackAndWake(/*more=*/queued.Get() != 0);
    }
    bucket.Release();
    woken[next].Set();
  }

  void UnlockLate() {
    bucket.Acquire();
    int next = -1;
    if (up.Get()) {
      model::Require(queued.Get() > 0,
                     "a flag is up for somebody in the queue");
      if (word.AnnounceAgain(/*more=*/queued.Get() > 1)) {
        Lower();
        next = Pop();
      }
    }
    bucket.Release();
    if (next >= 0) woken[next].Set();
  }

  void PushBack(int self) {
    queue[queued.Get()].Set(self);
    queued.Set(queued.Get() + 1);
  }

  void PushFront(int self) {
    for (int i = queued.Get(); i > 0; i--) queue[i].Set(queue[i - 1].Get());
    queue[0].Set(self);
    queued.Set(queued.Get() + 1);
  }

  int Pop() {
    const int first = queue[0].Get();
    queued.Set(queued.Get() - 1);
    for (int i = 0; i < queued.Get(); i++) queue[i].Set(queue[i + 1].Get());
    return first;
  }

  void Thread(unsigned index) override {
    for (int i = 0; i < kTimes; i++) {
      Lock(static_cast<int>(index));
      model::Require(++holders == 1, "one holds it");
      data.Set(data.Get() + 1);
      holders--;
      const bool last = ++taken == kThreads * kTimes;
      Unlock();
      // Nobody will want it any more, and it may be destroyed; by others, who
      // have given it back, it must not be touched.
      if (last) gone = true;
    }
  }
};

using Two = Taken<2, 2, false>;
using TwoSpin = Taken<2, 3, true>;
using Three = Taken<3, 2, false>;
using ThreeSpin = Taken<3, 2, true>;

TEST(MutexModelTest, Two) {
  EXPECT_CLEAN(Two, model::Bound(4));
  EXPECT_CLEAN(Two, model::Random(300'000));
}

TEST(MutexModelTest, TwoSpin) {
  EXPECT_CLEAN(TwoSpin, model::Bound(3));
  EXPECT_CLEAN(TwoSpin, model::Random(300'000));
}

TEST(MutexModelTest, Three) {
  EXPECT_CLEAN(Three, model::Bound(2));
  EXPECT_CLEAN(Three, model::Random(300'000));
}

TEST(MutexModelTest, ThreeSpin) {
  EXPECT_CLEAN(ThreeSpin, model::Bound(2));
  EXPECT_CLEAN(ThreeSpin, model::Random(300'000));
}

using enum std::memory_order;
using enum model::Op;
using enum model::Mutation::Kind;

TEST(MutexModelTest, FencesLeftOut) {
  EXPECT_CAUGHT(Two, model::Bound(4),
                {.what = "no light fence",
                 .function = "GiveBackAlone",
                 .op = kFence,
                 .kind = kDrop});
  EXPECT_CAUGHT(Two, model::Bound(4),
                {.what = "no heavy fence",
                 .function = "Raise",
                 .op = kFence,
                 .kind = kDrop});
}

TEST(MutexModelTest, FlagLeftOut) {
  EXPECT_CAUGHT(Two, model::Bound(4),
                {.what = "Unlock's look at the flag",
                 .function = "Unlock",
                 .op = kLoad,
                 .order = relaxed,
                 .kind = kAnswer,
                 .answer = 0});
}

TEST(MutexModelTest, OrdersLeftOut) {
  EXPECT_CAUGHT(Two, model::Bound(4),
                {.what = "TryTake's acquire",
                 .function = "TryTake",
                 .op = kCas,
                 .order = acquire});
  EXPECT_CAUGHT(Two, model::Bound(4),
                {.what = "Contend's acquire",
                 .function = "Contend",
                 .op = kCas,
                 .order = acquire});
  EXPECT_CAUGHT(Two, model::Bound(4),
                {.what = "GiveBackAlone's release",
                 .function = "GiveBackAlone",
                 .op = kStore,
                 .order = release});
  EXPECT_CAUGHT(Two, model::Bound(4),
                {.what = "GiveBackShared's release",
                 .function = "GiveBackShared",
                 .op = kCas,
                 .order = release});
  EXPECT_CAUGHT(Three, model::Random(300'000),
                {.what = "GiveBackAndWake's release",
                 .function = "GiveBackAndWake",
                 .op = kStore,
                 .order = release});
}

TEST(MutexModelTest, StoresForCompareExchanges) {
  EXPECT_CAUGHT(Two, model::Bound(4),
                {.what = "GiveBackShared's compare-exchange",
                 .function = "GiveBackShared",
                 .op = kCas,
                 .order = release,
                 .kind = kBlindly});
  EXPECT_CAUGHT(Two, model::Bound(4),
                {.what = "Announce's compare-exchange",
                 .function = "Announce",
                 .op = kCas,
                 .order = relaxed,
                 .kind = kBlindly});
  EXPECT_CAUGHT(Three, model::Random(300'000),
                {.what = "AnnounceAgain's compare-exchange",
                 .function = "AnnounceAgain",
                 .op = kCas,
                 .order = relaxed,
                 .kind = kBlindly});
}

}  // namespace
}  // namespace heddle::sync
