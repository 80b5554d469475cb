// A P's run queue: a ring of runnable goroutines with one producer, its owner,
// and many consumers, plus runnext, the one that runs before all others.
//
//   owner:   Put, Get, Drain, …              (the M that holds the P)
//   thieves: StealInto, which calls Grab     (any M, into a queue it owns)
//   anyone:  Empty, size                     (a guess, unless the queue rests)
//
//   head ─────────────▶ tail                 head, tail: free-running uint32,
//   │ oldest  …  newest │  (free)  …         a slot is index mod kSize
//
// INV-RQ1  Only the owner writes tail_ and the slots in [tail_, head_+kSize).
// INV-RQ2  head_ changes by compare-exchange only, whoever changes it: whoever
//          moved it over a slot owns what the slot held. Its upper half counts
//          how often the owner took the newest: a thief that has read tail_
//          before fails.
// INV-RQ3  Only the owner sets runnext_ to a node; a thief only takes it out.
// INV-RQ4  0 <= tail_ - head_ <= kSize, as one thread that reads head_ first
//          sees it; a thief that reads more has read a torn pair, and retries.
// INV-RQ5  While alone_ there are no thieves: the owner's operations are plain
//          loads and stores.
//
// Source: Go 1.21's runqput, runqputslow, runqget, runqgrab, runqsteal and
// runqdrain. Differences: runnext_ is swapped in with an exchange, where Go
// loops on a compare-and-swap (by INV-RQ3 a thief can only empty it); the
// batch that overflows is handed to the caller, who knows the global queue;
// the back-off before runnext is stolen is the caller's; GetNewest.
//
// Atomics is a policy so that the model checker runs this very code with its
// own atomics; kSize is a parameter so that it can be small there.

#ifndef RUNTIME_SCHED_RUNQ_H_
#define RUNTIME_SCHED_RUNQ_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "absl/base/optimization.h"
#include "heddle/runtime/base/atomics.h"
#include "heddle/runtime/base/fast_rand.h"
#include "heddle/runtime/base/inline.h"
#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/sched/gqueue.h"

namespace heddle::sched {

// Go's len(p.runq). A power of two, so that an index wraps without a division.
inline constexpr uint32_t kRunqSize = 256;

using base::StdAtomics;

// What Get took, and whether it goes on with its predecessor's time slice
// (true for runnext), so that a pair that readies each other cannot starve the
// rest of the queue by never letting a slice end.
template <typename T>
struct RunqGetResult {
  T* gp = nullptr;
  bool inherit_time = false;
};

template <typename T, uint32_t kSize = kRunqSize, typename Atomics = StdAtomics>
class Runq {
 public:
  static_assert(kSize >= 2 && (kSize & (kSize - 1)) == 0,
                "kSize is a power of two");
  // What Put overflows with: half of the ring and the new node.
  static constexpr uint32_t kBatch = kSize / 2 + 1;

  Runq() = default;
  Runq(const Runq&) = delete;
  Runq& operator=(const Runq&) = delete;

  // Says whether there is no other P, and so no thief: the owner then needs no
  // locked instruction, of which a hop over a channel has two here, and a go
  // statement three. With the world stopped, or by who makes the P.
  void set_alone(bool alone) { alone_ = alone; }
  bool alone() const { return alone_; }

  // Makes gp runnable here. Owner only. With `next` it becomes runnext and the
  // former runnext, if any, goes to the tail; else gp goes to the tail. If the
  // ring is full, half of it and the node that found no place are passed to
  // `overflow(T* const* batch, uint32_t n)` in order, oldest first, which must
  // take them all. A non-null `random` is Go's randomizeScheduler: `next`
  // is ignored half of the time and the batch is shuffled.
  template <typename Overflow>
  void Put(T* gp, bool next, base::FastRand* random, Overflow&& overflow) {
    if (random != nullptr && next && random->Below(2) == 0) next = false;
    if (next) {
      gp = SwapNext(gp);
      if (gp == nullptr) return;
    }
    PutTail(gp, random, overflow);
  }

  // The two halves of Put. Makes gp runnext; returns the former, which is the
  // caller's to put at the tail. Owner only.
  [[nodiscard]] T* SwapNext(T* gp) {
    if (alone_) {
      T* const kicked = runnext_.load(std::memory_order_relaxed);
      runnext_.store(gp, std::memory_order_relaxed);  // INV-RQ5
      return kicked;
    }
    // Sequentially consistent: see PutTail.
    return runnext_.exchange(gp, std::memory_order_seq_cst);
  }

  // Puts gp at the tail, as Put. Owner only.
  template <typename Overflow>
  void PutTail(T* gp, base::FastRand* random, Overflow&& overflow) {
    for (;;) {
      Head head;
      if (TryPutTail(gp, &head)) return;
      const uint32_t t = tail_.load(std::memory_order_relaxed);
      if (PutSlow(gp, head, t, random, overflow)) return;
      // A thief made room in between: the ring takes gp now.
    }
  }

  // Puts gp at the tail of the ring if there is room. Owner only.
  [[nodiscard]] bool TryPutTail(T* gp) {
    Head head;
    return TryPutTail(gp, &head);
  }

  // Puts the nodes of `batch` at the tail, `max` at most, until the ring is
  // full; the rest stays in the batch. Owner only. Returns how many it took.
  // (runqputbatch)
  uint32_t PutBatch(GQueue<T>* batch, uint32_t max = kSize) {
    return PutBatch(max, [batch] { return batch->Pop(); });
  }
  // The same of an array of n.
  uint32_t PutArray(T* const* gs, uint32_t n) {
    return PutBatch(n, [&gs] { return *gs++; });
  }

  // Takes runnext, else the oldest; null when empty. Owner only.
  HEDDLE_INLINE RunqGetResult<T> Get() {
    if (!alone_) return GetShared();
    if (T* const next = GetNextAlone(); next != nullptr) return {next, true};
    return {GetOldestAlone(), false};
  }

  // Takes runnext; null if there is none. Owner only.
  T* GetNext() {
    if (alone_) return GetNextAlone();
    T* next = runnext_.load(std::memory_order_relaxed);
    if (next == nullptr) return nullptr;
    // A thief may take it first; nobody else can put another there (INV-RQ3),
    // so one try is enough. Release: pairs with Empty, which must not see it
    // gone and what it had kicked to the tail not there. Acquire: of what a
    // thief did before it took another.
    if (!runnext_.compare_exchange_strong(next, nullptr,
                                          std::memory_order_acq_rel,
                                          std::memory_order_relaxed)) {
      return nullptr;
    }
    return next;
  }

  // Takes the oldest of the ring; null if that is empty. Owner only.
  T* GetOldest() {
    if (alone_) return GetOldestAlone();
    for (;;) {
      Head head = head_.load(std::memory_order_acquire);  // as in Put
      const uint32_t h = Index(head);
      const uint32_t t = tail_.load(std::memory_order_relaxed);
      if (t == h) return nullptr;
      T* gp = ring_[h % kSize].load(std::memory_order_relaxed);
      // Release: pairs with the acquire of head_ in Put: the slot was read.
      if (head_.compare_exchange_strong(head, Moved(head, 1),
                                        std::memory_order_release,
                                        std::memory_order_relaxed)) {
        return gp;
      }
    }
  }

  // Takes the newest of the ring, and not runnext; null if the ring is empty.
  // Owner only.
  T* GetNewest() {
    const uint32_t t = tail_.load(std::memory_order_relaxed) - 1;
    Head head = head_.load(std::memory_order_acquire);  // as in Put
    if (Index(head) == t + 1) return nullptr;
    tail_.store(t, std::memory_order_relaxed);
    if (alone_) return ring_[t % kSize].load(std::memory_order_relaxed);
    // A thief that has seen the old tail has seen the old head before. Release:
    // one that sees the new head, by the acquire in Grab, sees the new tail.
    while (!head_.compare_exchange_strong(head, head + kTaken,
                                          std::memory_order_acq_rel,
                                          std::memory_order_acquire)) {
      if (Index(head) == t + 1) {
        // It took the last one.
        tail_.store(t + 1, std::memory_order_relaxed);
        return nullptr;
      }
    }
    return ring_[t % kSize].load(std::memory_order_relaxed);
  }

  // The node that is `ahead` places behind the oldest in the ring, null if
  // there is none. Owner only; a thief may have it by now.
  T* Peek(uint32_t ahead) const {
    const uint32_t h = Index(head_.load(std::memory_order_relaxed));
    const uint32_t t = tail_.load(std::memory_order_relaxed);
    if (t - h <= ahead) return nullptr;
    return ring_[(h + ahead) % kSize].load(std::memory_order_relaxed);
  }

  // The same, but if there is none, anything that was there once, or null: for
  // who only fetches it.
  const T* Guess(uint32_t ahead) const {
    const uint32_t h = Index(head_.load(std::memory_order_relaxed));
    return ring_[(h + ahead) % kSize].load(std::memory_order_relaxed);
  }

  // Takes everything, runnext first. Owner only. Returns how many.
  uint32_t Drain(GQueue<T>* out) {
    uint32_t n = 0;
    for (RunqGetResult<T> got = Get(); got.gp != nullptr; got = Get()) {
      out->PushBack(got.gp);
      n++;
    }
    return n;
  }

  // Steals half of `victim`, at least one if it is not empty, into *this,
  // which the caller owns and which is empty but for what the caller may have
  // put. Returns one of them to run, the youngest, null if there was nothing.
  // With `steal_runnext`, an otherwise empty victim's runnext is taken after
  // `back_off()`, during which its owner may well start it itself; not if that
  // returns false. (runqsteal)
  template <typename BackOff>
  T* StealFrom(Runq* victim, bool steal_runnext, BackOff&& back_off) {
    const uint32_t t = tail_.load(std::memory_order_relaxed);  // INV-RQ1
    uint32_t n = victim->Grab(this, t, steal_runnext, back_off);
    if (n == 0) return nullptr;
    n--;
    T* gp = ring_[(t + n) % kSize].load(std::memory_order_relaxed);
    if (n == 0) return gp;
    const uint32_t h =
        Index(head_.load(std::memory_order_acquire));  // as in Put
    if (t - h + n >= kSize) base::Throw("runqsteal: runq overflow");
    tail_.store(t + n, std::memory_order_release);  // as in Put
    return gp;
  }

  // Whether there is nothing to run at one moment of the call. Sequentially
  // consistent: the last look of an M that goes to sleep (see Put).
  bool Empty() const {
    // A runnext that is kicked to the tail between the reads would be missed
    // by both: read again until tail_ stood still.
    for (;;) {
      const uint32_t h = Index(head_.load(std::memory_order_seq_cst));
      const uint32_t t = tail_.load(std::memory_order_seq_cst);
      const T* next = runnext_.load(std::memory_order_seq_cst);
      if (t == tail_.load(std::memory_order_seq_cst)) {
        return h == t && next == nullptr;
      }
    }
  }

  // Nodes in the ring, runnext not counted (as Go's schedtrace counts them).
  uint32_t size() const {
    const uint32_t h = Index(head_.load(std::memory_order_acquire));
    const uint32_t n = tail_.load(std::memory_order_acquire) - h;
    return n <= kSize ? n : kSize;
  }

 private:
  // The index, and above it INV-RQ2's count.
  using Head = uint64_t;
  static constexpr Head kTaken = Head{1} << 32;
  static uint32_t Index(Head head) { return static_cast<uint32_t>(head); }
  // Where the index wraps it counts as the newest taken, which does no harm.
  static Head Moved(Head head, uint32_t n) { return head + n; }

  // next() is the next one to put, or null.
  template <typename Next>
  uint32_t PutBatch(uint32_t max, Next next) {
    const uint32_t h =
        Index(head_.load(std::memory_order_acquire));  // as in Put
    const uint32_t t = tail_.load(std::memory_order_relaxed);
    max = std::min(max, kSize - (t - h));
    uint32_t n = 0;
    for (; n < max; n++) {
      T* gp = next();
      if (gp == nullptr) break;
      ring_[(t + n) % kSize].store(gp, std::memory_order_relaxed);
    }
    tail_.store(t + n, std::memory_order_seq_cst);  // as in Put
    return n;
  }

  // *head: where the ring began.
  bool TryPutTail(T* gp, Head* head) {
    // Acquire: pairs with the release of head_ in Grab and Get; what they have
    // read from the slots comes before we overwrite them.
    *head = head_.load(std::memory_order_acquire);
    const uint32_t t = tail_.load(std::memory_order_relaxed);  // INV-RQ1
    if (t - Index(*head) >= kSize) return false;
    ring_[t % kSize].store(gp, std::memory_order_relaxed);
    if (alone_) {
      tail_.store(t + 1, std::memory_order_release);
      return true;
    }
    // Release: pairs with the acquire of tail_ in Grab; makes the slot, and the
    // node behind it, available for consumption. Sequentially consistent: the
    // owner goes on to look whether a thief must be woken (WakeP), a thief that
    // goes to sleep looks here last (Empty). That runnext was exchanged so
    // before is not enough for the node that was kicked out: a thief may have
    // taken its successor meanwhile.
    tail_.store(t + 1, std::memory_order_seq_cst);
    return true;
  }

  RunqGetResult<T> GetShared() {
    if (T* const next = GetNext(); next != nullptr) return {next, true};
    return {GetOldest(), false};
  }

  // GetNext and GetOldest while alone_.
  T* GetNextAlone() {
    T* const next = runnext_.load(std::memory_order_relaxed);
    if (next != nullptr) runnext_.store(nullptr, std::memory_order_relaxed);
    return next;
  }
  T* GetOldestAlone() {
    const Head head = head_.load(std::memory_order_relaxed);
    const uint32_t h = Index(head);
    if (tail_.load(std::memory_order_relaxed) == h) return nullptr;
    T* const gp = ring_[h % kSize].load(std::memory_order_relaxed);
    // Release: as in GetOldest, for the Ps that there may be later.
    head_.store(Moved(head, 1), std::memory_order_release);
    return gp;
  }

  // Moves half of the full ring [head, t) and gp out. False if a thief was
  // quicker. Owner only. (runqputslow)
  template <typename Overflow>
  bool PutSlow(T* gp, Head head, uint32_t t, base::FastRand* random,
               Overflow& overflow) {
    const uint32_t h = Index(head);
    T* batch[kBatch];
    const uint32_t n = (t - h) / 2;
    if (n != kSize / 2) base::Throw("runqputslow: queue is not full");
    for (uint32_t i = 0; i < n; i++) {
      batch[i] = ring_[(h + i) % kSize].load(std::memory_order_relaxed);
    }
    // Release, as in Get; commits the consumption.
    if (!head_.compare_exchange_strong(head, Moved(head, n),
                                       std::memory_order_release,
                                       std::memory_order_relaxed)) {
      return false;
    }
    batch[n] = gp;
    if (random != nullptr) {
      for (uint32_t i = 1; i <= n; i++) {
        std::swap(batch[i], batch[random->Below(i + 1)]);
      }
    }
    overflow(batch, n + 1);
    return true;
  }

  // Moves half of this ring, rounded up, to thief's slots from `at` on. Any
  // thread that owns `thief`. Returns how many. (runqgrab)
  template <typename BackOff>
  uint32_t Grab(Runq* thief, uint32_t at, bool steal_runnext,
                BackOff& back_off) {
    if (alone_) base::Throw("runqgrab: the victim is alone");
    for (;;) {
      // Acquire: pairs with the release of head_ by other consumers.
      Head head = head_.load(std::memory_order_acquire);
      const uint32_t h = Index(head);
      // Acquire: pairs with the release of tail_ by the owner.
      const uint32_t t = tail_.load(std::memory_order_acquire);
      const uint32_t n = (t - h) - (t - h) / 2;
      if (n == 0) {
        if (!steal_runnext) return 0;
        T* next = runnext_.load(std::memory_order_relaxed);
        if (next == nullptr) return 0;
        if constexpr (std::is_same_v<decltype(back_off()), bool>) {
          if (!back_off()) return 0;
        } else {
          back_off();
        }
        // Acquire: pairs with the exchange in Put; the node is ours to read.
        if (!runnext_.compare_exchange_strong(next, nullptr,
                                              std::memory_order_acquire,
                                              std::memory_order_relaxed)) {
          continue;
        }
        thief->ring_[at % kSize].store(next, std::memory_order_relaxed);
        return 1;
      }
      if (n > kSize / 2) continue;  // INV-RQ4: torn
      for (uint32_t i = 0; i < n; i++) {
        T* gp = ring_[(h + i) % kSize].load(std::memory_order_relaxed);
        thief->ring_[(at + i) % kSize].store(gp, std::memory_order_relaxed);
      }
      // Release: pairs with the acquire of head_ in Put: the slots were read.
      if (head_.compare_exchange_strong(head, Moved(head, n),
                                        std::memory_order_release,
                                        std::memory_order_relaxed)) {
        return n;
      }
    }
  }

  template <typename V>
  using Atomic = typename Atomics::template Atomic<V>;

  // Consumers of every thread write head_; the owner alone writes the rest
  // in the usual course. So two cache lines.
  alignas(ABSL_CACHELINE_SIZE) Atomic<Head> head_{0};
  alignas(ABSL_CACHELINE_SIZE) Atomic<uint32_t> tail_{0};
  bool alone_ = false;
  Atomic<T*> runnext_{nullptr};
  Atomic<T*> ring_[kSize] = {};
};

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_RUNQ_H_
