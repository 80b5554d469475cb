// ReaderCount under a model checker: readers that come and go, and writers that
// call them together. The counting is the product's own code; the mutex around
// it is told here again in short, under the names of rw_mutex.cc.
//
// membarrier(2) is a full fence on both sides, as P1202 has it.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <new>
#include <string>

#include "gtest/gtest.h"
#include "heddle/runtime/sync/reader_count.h"
#include "heddle/testing/model/model.h"

namespace heddle::sync {
namespace {

// The bucket of mutex_table.h, with one mutex in it.
class ModelFlag {
 public:
  bool IsUp(HEDDLE_MODEL_SITE) const {
    return up_.load(std::memory_order_relaxed, at) != 0;
  }
  void Lock() { lock_.Acquire(); }
  void Unlock() { lock_.Release(); }
  void Raise() {
    has_ = true;
    up_.store(1, std::memory_order_relaxed);
    model::Fence(std::memory_order_seq_cst);
  }
  void Lower() {
    has_ = false;
    up_.store(0, std::memory_order_relaxed);
  }
  bool Has() const { return has_; }

 private:
  model::Atomic<int> up_{0};
  model::Lock lock_;
  model::Var<bool> has_{false};
};

struct ModelPolicy {
  template <typename T>
  using Atomic = model::Atomic<T>;
  template <typename T>
  using Plain = model::Var<T>;
  using Flag = ModelFlag;

  static int32_t Place() {
    // The last thread has none.
    const auto self = static_cast<int32_t>(model::Self());
    return self < Places() ? self : -1;
  }
  static int32_t Places() { return places; }
  // By malloc: relacy's operator delete knows only what its threads allocate,
  // and the last array goes with the Count, outside of them.
  template <typename Slot>
  static Slot* NewSlots() {
    auto* const array = static_cast<Slot*>(std::malloc(kMost * sizeof(Slot)));
    for (int i = 0; i < Places(); i++) new (array + i) Slot;
    return array;
  }
  template <typename Slot>
  static void DeleteSlots(Slot* array) {
    if (array == nullptr) return;
    for (int i = 0; i < Places(); i++) array[i].~Slot();
    std::free(array);
  }
  static void LightFence(HEDDLE_MODEL_SITE) {
    model::Fence(std::memory_order_seq_cst, at);
  }
  static constexpr size_t kLine = alignof(void*);
  static constexpr uint64_t kSpreadAfter = 1;

  static constexpr int kMost = 4;
  static inline int32_t places = 0;
};

using Count = BasicReaderCount<ModelPolicy>;

// A semaphore that hands over.
class ModelSema {
 public:
  void Acquire() {
    for (;;) {
      lock_.Acquire();
      const bool got = tokens_.Get() > 0;
      if (got) tokens_.Set(tokens_.Get() - 1);
      const bool more = got && tokens_.Get() > 0;
      lock_.Release();
      if (more) event_.Set();
      if (got) return;
      event_.Wait();
    }
  }
  void Release(uint32_t n) {
    lock_.Acquire();
    tokens_.Set(tokens_.Get() + n);
    lock_.Release();
    event_.Set();
  }

 private:
  model::Lock lock_;
  model::Var<uint32_t> tokens_{0};
  model::Event event_;
};

// kReaders that read kReads times each, of which the last kPlaceless have no
// place, and a thread that writes kWrites times.
template <int kReaders, int kReads, int kPlaceless, int kWrites, bool kTry>
struct Shared : model::Suite<kReaders + 1> {
  Count count;
  ModelSema write_sema, read_sema;
  model::Var<int> data{0};
  model::Atomic<int> read_from{0};
  int reading = 0;
  int writing = 0;

  void Before() override { ModelPolicy::places = kReaders - kPlaceless; }

  void Read(bool first) {
    if (kTry && !first) {
      while (!count.TryEnter()) model::Yield();
    } else if (!count.Enter()) {
      read_sema.Acquire();
    }
    reading++;
    model::Require(writing == 0, "no writer beside a reader");
    const int seen = data.Get();
    model::Require(seen <= kWrites, "");
    reading--;
    if (count.Leave()) write_sema.Release(1);
  }

  void Write() {
    if (kTry) {
      while (!count.TryClose()) model::Yield();
    } else {
      if (count.Close()) write_sema.Acquire();
      count.Closed();
    }
    writing++;
    model::Require(reading == 0, "no reader beside a writer");
    data.Set(data.Get() + 1);
    writing--;
    const uint32_t readers = count.Open();
    if (readers > 0) read_sema.Release(readers);
  }

  void Thread(unsigned index) override {
    if (index < kReaders) {
      for (int i = 0; i < kReads; i++) Read(/*first=*/i == 0);
    } else {
      for (int i = 0; i < kWrites; i++) Write();
    }
  }
};

using One = Shared<1, 3, 0, 1, false>;
using OneTwice = Shared<1, 3, 0, 2, false>;
using Two = Shared<2, 2, 0, 1, false>;
using OneApart = Shared<2, 2, 1, 1, false>;
using OneTry = Shared<1, 3, 0, 1, true>;
using TwoTry = Shared<2, 2, 1, 1, true>;

TEST(ReaderCountModelTest, One) {
  EXPECT_CLEAN(One, model::Bound(4));
  EXPECT_CLEAN(One, model::Random(300'000));
}

TEST(ReaderCountModelTest, OneTwice) {
  EXPECT_CLEAN(OneTwice, model::Bound(3));
  EXPECT_CLEAN(OneTwice, model::Random(300'000));
}

TEST(ReaderCountModelTest, Two) {
  EXPECT_CLEAN(Two, model::Bound(2));
  EXPECT_CLEAN(Two, model::Random(300'000));
}

TEST(ReaderCountModelTest, OneHasNoPlace) {
  EXPECT_CLEAN(OneApart, model::Bound(2));
  EXPECT_CLEAN(OneApart, model::Random(300'000));
}

TEST(ReaderCountModelTest, TryClose) {
  EXPECT_CLEAN(OneTry, model::Bound(3));
  EXPECT_CLEAN(OneTry, model::Random(300'000));
}

TEST(ReaderCountModelTest, TwoTryClose) {
  EXPECT_CLEAN(TwoTry, model::Bound(2));
  EXPECT_CLEAN(TwoTry, model::Random(300'000));
}

using enum std::memory_order;
using enum model::Op;
using enum model::Mutation::Kind;

TEST(ReaderCountModelTest, FencesLeftOut) {
  EXPECT_CAUGHT(One, model::Bound(4),
                {.what = "no light fence",
                 .function = "Add",
                 .op = kFence,
                 .kind = kDrop});
  EXPECT_CAUGHT(One, model::Bound(4),
                {.what = "no heavy fence",
                 .function = "Raise",
                 .op = kFence,
                 .kind = kDrop});
}

TEST(ReaderCountModelTest, LooksLeftOut) {
  EXPECT_CAUGHT(One, model::Bound(4),
                {.what = "Leave's look at the flag",
                 .function = "Leave",
                 .op = kLoad,
                 .order = relaxed,
                 .kind = kAnswer,
                 .answer = 0});
}

TEST(ReaderCountModelTest, OrdersLeftOut) {
  EXPECT_CAUGHT(OneApart, model::Bound(2),
                {.what = "EnterApart's acquire",
                 .function = "EnterApart",
                 .op = kLoad,
                 .order = acquire});
  EXPECT_CAUGHT(OneApart, model::Bound(2),
                {.what = "SlotApart's acquire",
                 .function = "SlotApart",
                 .op = kLoad,
                 .order = acquire});
  EXPECT_CAUGHT(One, model::Bound(4),
                {.what = "Enter's acquire",
                 .function = "Enter",
                 .op = kFetch,
                 .order = acquire});
  EXPECT_CAUGHT(One, model::Bound(4),
                {.what = "Open's release",
                 .function = "Open",
                 .op = kFetch,
                 .order = release});
  EXPECT_CAUGHT(One, model::Bound(4),
                {.what = "Tell's acquire",
                 .function = "Tell",
                 .op = kLoad,
                 .order = acquire});
  EXPECT_CAUGHT(One, model::Bound(4),
                {.what = "Leave's release",
                 .function = "Add",
                 .op = kStore,
                 .order = release});
  EXPECT_CAUGHT(OneApart, model::Bound(2),
                {.what = "LeaveTogether's release",
                 .function = "LeaveTogether",
                 .op = kFetch,
                 .order = release});
  EXPECT_CAUGHT(OneTry, model::Bound(3),
                {.what = "TryEnter's acquire",
                 .function = "TryEnter",
                 .op = kCas,
                 .order = acquire});
}

TEST(ReaderCountModelTest, CompareExchangeLeftOut) {
  EXPECT_CAUGHT(TwoTry, model::Bound(2),
                {.what = "TryCloseSpread's compare-exchange",
                 .function = "TryCloseSpread",
                 .op = kCas,
                 .order = acquire,
                 .kind = kBlindly});
}

// Then a reader gets lost, which it finds out itself.
TEST(ReaderCountModelDeathTest, CompareExchangeLeftOut) {
  const model::Mutation spread = {.what = "AddApart's compare-exchange",
                                  .function = "AddApart",
                                  .op = kCas,
                                  .order = relaxed,
                                  .kind = kBlindly};
  EXPECT_DEATH(model::Run<OneApart>(model::Bound(2), &spread),
               "RUnlock of unlocked RWMutex");
}

}  // namespace
}  // namespace heddle::sync
