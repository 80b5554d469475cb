// ReaderCount: who is in a RWMutex, and whom a writer has to wait for.
//
// The readers are counted in one word, which is a locked instruction and a
// cache line for each step of each reader. If there are many and no writer for
// long, they spread out: each thread counts its own in a slot, with plain
// stores. A writer calls them together again, and pays for the fence.
//
//   word:  readers, kApart more while they are spread out | kWriter | how many
//          have come since the last writer
//   a reader is in:  the word's readers and the sum of the slots
//
//   reader, in its slot                    writer, under the flag's lock
//   1. entered + 1, or - 1                 1. apart_ = null; raises the flag
//   2. light fence                         2. heavy fence
//   3. coming: is apart_ null?             3. adds what has been entered to the
//      going: is the flag up?                 word, and notes how much (`told`)
//
// Either step 3 of the writer sees what the reader entered; or the reader sees
// that the writer is there. Then it takes the lock, compares what it entered
// with what the writer was told, and if the writer does not know of it, tells
// it by the word, as all do from then on.
//
// A reader that goes must not touch the mutex after its step 1, if there is no
// flag: the last writer may have destroyed it. That is why it looks at a flag
// in a table (mutex_table.h) and not at apart_.
//
// INV-RC1  The sum of both sides' steps decides who wakes whom: the last reader
//          that the writer waits for, or the writer's Open. Each is one atomic
//          step on one word, so exactly one sees itself last.
// INV-RC2  A slot is written by the thread whose place it is, `told` and slots_
//          under the flag's lock.
// INV-RC3  The flag is up from Close, if the readers were spread out, until the
//          last of them has gone: so while it is up the mutex exists.
//
// Source: Go 1.21's sync/rwmutex.go for the counting in a word; for readers in
// places of their own, Dice and Kogan, "BRAVO: Biased Locking for Reader-Writer
// Locks" (USENIX ATC 2019), where the places are one table for all locks, found
// by a hash, and a writer looks through all of it.
//
// Policy: so that the model checker runs this very code
// (reader_count_model_test.cc).

#ifndef RUNTIME_SYNC_READER_COUNT_H_
#define RUNTIME_SYNC_READER_COUNT_H_

#include <atomic>
#include <cstdint>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "heddle/runtime/base/throw.h"

namespace heddle::sync {

// Policy has
//   Atomic<T>, Plain<T>  std::atomic, and a variable
//   Flag                 IsUp (without lock), Lock, Unlock; under it Raise,
//                        with a heavy fence, Lower and Has
//   Place(), Places()    the caller's place, negative: it has none; how many
//   NewSlots<Slot>()     an array of so many, for DeleteSlots; null: there is
//                        no memory, or no heavy fence
//   LightFence(), kLine  the latter: what two slots do not share, bytes
//   kSpreadAfter         so many readers after the last writer, a power of two
template <typename Policy>
class BasicReaderCount {
  template <typename T>
  using Atomic = typename Policy::template Atomic<T>;
  template <typename T>
  using Plain = typename Policy::template Plain<T>;

 public:
  constexpr BasicReaderCount() = default;
  // What is static may be used yet while the process ends: by the word.
  ~BasicReaderCount() {
    if (apart_.load(std::memory_order_relaxed) != nullptr) {
      CallTogether();
      Closed();
    }
    Policy::DeleteSlots(static_cast<Slot*>(slots_));
  }
  BasicReaderCount(const BasicReaderCount&) = delete;
  BasicReaderCount& operator=(const BasicReaderCount&) = delete;

  // ---- Readers ----

  // Comes in; false: there is a writer, and it waits until one opens.
  [[nodiscard]] bool Enter() {
    if (EnterApart()) return true;
    // Acquire: pairs with the release in Open.
    const uint64_t was =
        word_.fetch_add(kOnce + kReader, std::memory_order_acquire);
    if (ABSL_PREDICT_FALSE((was & kWriter) != 0)) return false;
    if (ABSL_PREDICT_FALSE((was & kLastOnce) == kLastOnce)) SpreadOut();
    return true;
  }

  // Comes in unless there is a writer.
  [[nodiscard]] bool TryEnter() {
    if (EnterApart()) return true;
    uint64_t word = word_.load(std::memory_order_relaxed);
    while ((word & kWriter) == 0) {
      if (word_.compare_exchange_strong(word, word + kReader,
                                        std::memory_order_acquire,
                                        std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }

  // Goes. True: a writer waited for this one last of all, and is to be woken.
  [[nodiscard]] bool Leave() {
    if (Slot* slot = SlotApart()) {
      // Release: pairs with the acquire in Tell.
      Add(slot, -1, std::memory_order_release);
      if (ABSL_PREDICT_FALSE(flag_.IsUp())) return LeaveLate(this);
      return false;
    }
    return LeaveTogether();
  }

  // ---- Writers, one at a time ----

  // Keeps new readers out. True: some are in yet; waits until a Leave is the
  // last. Then Closed.
  [[nodiscard]] bool Close() {
    // Acquire, here and below: pairs with the releases of readers that left.
    const uint64_t was = word_.fetch_add(kWriter, std::memory_order_acquire);
    int32_t readers = Readers(was);
    if (readers == 0) return false;
    if (IsSpread(readers)) readers += CallTogether();
    if (readers < 0) ThrowUnlocked();
    return readers != 0 &&
           departing_.fetch_add(readers, std::memory_order_acquire) != -readers;
  }

  // None is in any more.
  void Closed() {
    if (!raised_) return;
    flag_.Lock();
    flag_.Lower();
    flag_.Unlock();
    raised_ = false;
  }

  // Closes if nobody is in; true if so.
  [[nodiscard]] bool TryClose() {
    uint64_t word = word_.load(std::memory_order_relaxed);
    if (IsSpread(Readers(word))) return TryCloseSpread();
    while (Readers(word) == 0) {
      if (word_.compare_exchange_strong(word, word + kWriter,
                                        std::memory_order_acquire,
                                        std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }

  // Lets readers in again; so many have been waiting.
  [[nodiscard]] uint32_t Open() {
    const uint64_t word = word_.load(std::memory_order_relaxed);
    if ((word & kWriter) == 0) {
      base::Throw("sync: Unlock of unlocked RWMutex");
    }
    // Counts those that come from here on.
    const uint64_t was = word_.fetch_sub(kWriter + (word & ~(kOnce - 1)),
                                         std::memory_order_release);
    return static_cast<uint32_t>(Readers(was));
  }

 private:
  static constexpr uint64_t kReader = 1;
  static constexpr uint64_t kReaders = (uint64_t{1} << 31) - 1;
  static constexpr uint64_t kWriter = uint64_t{1} << 31;
  static constexpr uint64_t kOnce = uint64_t{1} << 32;
  static constexpr uint64_t kLastOnce = (Policy::kSpreadAfter - 1) * kOnce;
  // More than there can be readers.
  static constexpr int32_t kApart = 1 << 30;

  static int32_t Readers(uint64_t word) {
    return static_cast<int32_t>(word & kReaders);
  }
  // Those that go may have come in slots: a little less than kApart is spread,
  // too.
  static bool IsSpread(int32_t readers) { return readers >= kApart / 2; }

  struct alignas(Policy::kLine) Slot {
    // Modulo 2^32: who comes in one slot may go in another, again and again.
    Atomic<uint32_t> entered{0};
    Plain<uint32_t> told{0};
  };

  [[noreturn]] static void ThrowUnlocked() {
    base::Throw("sync: RUnlock of unlocked RWMutex");
  }

  // The caller's, if the readers are spread out.
  Slot* SlotApart() const {
    // Acquire: pairs with the release in SpreadOut, which comes after the
    // Opens of all writers before.
    Slot* const apart = apart_.load(std::memory_order_acquire);
    if (apart == nullptr) return nullptr;
    const int32_t place = Policy::Place();
    return place < 0 ? nullptr : apart + place;
  }

  static void Add(Slot* slot, int32_t n, std::memory_order order) {
    slot->entered.store(slot->entered.load(std::memory_order_relaxed) +
                            static_cast<uint32_t>(n),
                        order);
    Policy::LightFence();
  }

  bool EnterApart() {
    Slot* const slot = SlotApart();
    if (slot == nullptr) return false;
    Add(slot, 1, std::memory_order_relaxed);
    // Acquire: a writer may have come and gone since, and others have spread
    // out again, as in SlotApart.
    return ABSL_PREDICT_TRUE(apart_.load(std::memory_order_acquire) !=
                             nullptr) ||
           EnterLate(slot);
  }

  // A writer has called the readers together. False: the caller is not in.
  bool EnterLate(Slot* slot) {
    flag_.Lock();
    // In, too, if the writer knows of it, and waits for it.
    const bool in =
        apart_.load(std::memory_order_relaxed) != nullptr || IsTold(slot);
    if (!in) Add(slot, -1, std::memory_order_relaxed);
    flag_.Unlock();
    return in;
  }

  // There is a flag: this one's, or the mutex may be gone. Or another mutex may
  // be here: its writer has been told all that was entered by this thread.
  static bool LeaveLate(BasicReaderCount* self) {
    self->flag_.Lock();
    bool untold = false;
    if (self->flag_.Has() &&
        self->apart_.load(std::memory_order_relaxed) == nullptr) {
      Slot* const slots = self->slots_;
      Slot* const slot = slots + Policy::Place();
      untold = !IsTold(slot);
      if (untold) Tell(slot);
    }
    self->flag_.Unlock();
    // The writer waits for this one, so the mutex exists.
    return untold && self->LeaveTogether();
  }

  bool LeaveTogether() {
    // Release: pairs with the acquire in Close and TryClose.
    const uint64_t was = word_.fetch_sub(kReader, std::memory_order_release);
    if (ABSL_PREDICT_TRUE((was & kWriter) == 0 && Readers(was) != 0)) {
      return false;
    }
    // A writer that holds it has no readers but those that wait.
    if (Readers(was) == 0) ThrowUnlocked();
    // Acquire and release: the last one hands on what all before it released.
    return departing_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }

  // ---- Under the flag's lock ----

  static bool IsTold(Slot* slot) {
    return slot->told == slot->entered.load(std::memory_order_relaxed);
  }
  // Returns how much it was that was not known.
  static int32_t Tell(Slot* slot) {
    // Acquire: pairs with the release in Leave.
    const uint32_t entered = slot->entered.load(std::memory_order_acquire);
    const uint32_t told = slot->told;
    slot->told = entered;
    return static_cast<int32_t>(entered - told);
  }

  int32_t TellAll() {
    Slot* const slots = slots_;
    int32_t entered = 0;
    for (int32_t i = 0; i < Policy::Places(); i++) entered += Tell(slots + i);
    return entered;
  }

  // By a reader that is in, at times.
  ABSL_ATTRIBUTE_NOINLINE void SpreadOut() {
    flag_.Lock();
    const bool has_slots = slots_ != nullptr;
    flag_.Unlock();
    // Not under a lock of the runtime's: the program may have its own malloc.
    Slot* slots = has_slots ? nullptr : Policy::template NewSlots<Slot>();
    flag_.Lock();
    if (slots_ == nullptr) {
      slots_ = slots;
      slots = nullptr;
    }
    Slot* const apart = slots_;
    if (apart != nullptr && apart_.load(std::memory_order_relaxed) == nullptr &&
        AddApart()) {
      // Release: pairs with the acquire in SlotApart.
      apart_.store(apart, std::memory_order_release);
    }
    flag_.Unlock();
    Policy::DeleteSlots(slots);
  }

  // False: there is a writer.
  bool AddApart() {
    uint64_t word = word_.load(std::memory_order_relaxed);
    while ((word & kWriter) == 0) {
      if (word_.compare_exchange_strong(word, word + kApart,
                                        std::memory_order_relaxed,
                                        std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }

  // ---- The writer ----

  // Returns what is to be added to the readers that were in the word.
  ABSL_ATTRIBUTE_NOINLINE int32_t CallTogether() {
    flag_.Lock();
    apart_.store(nullptr, std::memory_order_relaxed);
    flag_.Raise();
    raised_ = true;
    const int32_t more = TellAll() - kApart;
    AddReaders(more);
    flag_.Unlock();
    return more;
  }

  // The sign does not reach the bits above: there are enough readers.
  void AddReaders(int32_t n) {
    word_.fetch_add(static_cast<uint64_t>(int64_t{n}),
                    std::memory_order_relaxed);
  }

  ABSL_ATTRIBUTE_NOINLINE bool TryCloseSpread() {
    flag_.Lock();
    Slot* const apart = apart_.load(std::memory_order_relaxed);
    apart_.store(nullptr, std::memory_order_relaxed);
    flag_.Raise();
    const int32_t entered = TellAll();
    uint64_t word = word_.load(std::memory_order_relaxed);
    bool closed = false;
    while (!closed && Readers(word) + entered == kApart) {
      closed = word_.compare_exchange_strong(
          word, word - Readers(word) + kWriter, std::memory_order_acquire,
          std::memory_order_relaxed);
    }
    if (!closed) {
      // As before, but that more are in the word and fewer in the slots.
      AddReaders(entered);
      apart_.store(apart, std::memory_order_release);
    }
    flag_.Lower();
    flag_.Unlock();
    return closed;
  }

  Atomic<uint64_t> word_{0};
  // Readers that a waiting writer waits for yet, less those that went before it
  // said so.
  Atomic<int32_t> departing_{0};
  bool raised_ = false;  // the writer's
  // The slots while the readers are spread out, or null.
  Atomic<Slot*> apart_{nullptr};
  typename Policy::Flag flag_;
  Plain<Slot*> slots_{nullptr};
};

}  // namespace heddle::sync

#endif  // RUNTIME_SYNC_READER_COUNT_H_
