// Hchan: a channel without its type, of which Chan<T> is the handle.
//
//               Send                                     Recv
//   a receiver waits: ──▶ its place, wake it   a sender waits: ◀── its value,
//   room: ──▶ ▢▢▣▣▣▢▢ ──▶ the oldest             wake it; with a buffer, which
//   else: wait in sendq                          is full then, the oldest, and
//                                                the sender's takes its place
//                                              a value: the oldest
//                                              else: wait in recvq
//
// INV-CH1  recvq is empty, or sendq is (but for a select that sends and
//          receives on one channel), and the buffer with it: there are waiting
//          receivers only if it is empty, waiting senders only if it is full.
// INV-CH2  All but the atomics is read and written under `lock`; the atomics
// are
//          written under it, and without it they are guesses, but for `closed`,
//          which stays.
// INV-CH3  T's move constructor, and the destructor of what it was moved from,
//          are called under `lock`: they must not block nor use channels. All
//          other functions of T's are called without it.
// INV-CH4  Who is woken is woken after `lock` is released.
//
// What happens before a send happens before the return of its receive, what
// happens before a close before a receive that returns because of it, what
// happens before the k-th receive before the return of the (k+C)-th send: by
// `lock` if they meet in the buffer, by Waiter::result if one waits.
//
// Source: Go 1.21's chan.go. Differences: a waiter's value is moved by T's own
// functions, which may throw (Result::kRetry); a closer wakes those who wait in
// their order; the lock is a SpinLock; a buffered operation that finds room, or
// a value, and no waiters is done in the caller's code, below.

#ifndef RUNTIME_CHAN_HCHAN_H_
#define RUNTIME_CHAN_HCHAN_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include "absl/base/optimization.h"
#include "absl/base/thread_annotations.h"
#include "heddle/runtime/chan/elem.h"
#include "heddle/runtime/chan/waitq.h"
#include "heddle/runtime/os/spin_lock.h"
#include "heddle/runtime/sched/race.h"

namespace heddle::chan {

// Not aligned to a cache line: memory that is takes 110 ns to get and to give
// back (glibc's memalign, which has no cache), other memory 25.
struct Hchan {
  Hchan(const ElemOps* elem_ops, std::byte* buffer, uint32_t capacity)
      : cap(capacity), buf(buffer), ops(elem_ops) {}

  // ---- 64 bytes: all that an operation looks at ----
  os::SpinLock lock;
  std::atomic<bool> closed{false};
  // Values in the buffer, and places; where the next goes and comes from.
  std::atomic<uint32_t> count{0};
  const uint32_t cap;
  uint32_t sendx = 0;
  uint32_t recvx = 0;
  std::byte* const buf;
  WaitQueue recvq;
  WaitQueue sendq;

  // ---- the rest ----
  const ElemOps* const ops;
  // Handles, and SelectCases.
  std::atomic<size_t> refs{1};

  void* Place(uint32_t index) const { return buf + index * ops->size; }
  uint32_t Next(uint32_t index) const {
    return index + 1 == cap ? 0 : index + 1;
  }
  // The counter has one writer at a time.
  void AddCount(uint32_t n) {
    count.store(count.load(std::memory_order_relaxed) + n,
                std::memory_order_relaxed);
  }
  // A value was put at sendx; one was taken from recvx.
  void Pushed() {
    sendx = Next(sendx);
    AddCount(1);
  }
  void Popped() {
    recvx = Next(recvx);
    AddCount(static_cast<uint32_t>(-1));
  }
};

// A new channel, with one reference. Throws std::invalid_argument ("makechan:
// size out of range") if `cap` is 2^32 or more or the buffer were larger than
// half of the address space, std::bad_alloc if memory is short. (makechan)
Hchan* New(const ElemOps* ops, size_t cap);

// Destroys the values in the buffer and frees it: the last reference is gone.
void Delete(Hchan* c);

inline void Ref(Hchan* c) {
  if (c != nullptr) c->refs.fetch_add(1, std::memory_order_relaxed);
}
inline void Unref(Hchan* c) {
  if (c == nullptr) return;
  // TSan is shown what the last one comes after, and not the others' order.
  sched::RaceReleaseMerge(&c->refs);
  bool last;
  {
    const sched::RaceScope not_looked_at;
    // Release: pairs with its own acquire in who takes the last one.
    last = c->refs.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }
  if (last) Delete(c);
}

// What is done with a place of the buffer comes after all that was done with it
// before: a receive after its send, and a send after the receive that has made
// room for it. This tells TSan, and has it look at T's move. (racenotify)
class UsePlace {
 public:
  explicit UsePlace(const void* place) : place_(place) {
    sched::RaceAcquire(place_);
  }
  ~UsePlace() { sched::RaceRelease(place_); }
  UsePlace(const UsePlace&) = delete;
  UsePlace& operator=(const UsePlace&) = delete;

 private:
  const void* const place_;
  const sched::RaceUserCode looked_at_;
};

// What is to become of a received value: `deliver` moves it to `elem`, or it is
// copied there if that is null; null `elem`: nobody wants it.
struct Target {
  void* elem;
  MoveFn deliver;
};

enum class Received { kValue, kClosed, kEmpty };

// Sends *elem, an object of the channel's type, which is moved from if it was
// sent. Send waits until it has been; TrySend returns false if it would have
// to. Throw ClosedChannel, and what T's move throws; then it was not sent. c
// may be null. (chansend)
void Send(Hchan* c, void* elem);
bool TrySend(Hchan* c, void* elem);

// Receive. kEmpty by TryRecv only, which does not wait. Throw what T's move
// throws; then the value is still in the channel. c may be null. (chanrecv)
Received Recv(Hchan* c, Target to);
Received TryRecv(Hchan* c, Target to);

// Throws ClosedChannel if it is closed already, or null. (closechan)
void Close(Hchan* c);

// The usual case of Send, in the caller's code: the buffer has room, and nobody
// waits. False: nothing was done.
template <typename T>
inline bool SendToBuffer(Hchan* c, T* v) {
  if (c->count.load(std::memory_order_relaxed) >= c->cap) return false;
  const sched::RaceScope not_looked_at;
  const os::SpinLockGuard guard(c->lock);
  if (ABSL_PREDICT_FALSE(c->closed.load(std::memory_order_relaxed) ||
                         !c->recvq.empty() ||
                         c->count.load(std::memory_order_relaxed) == c->cap)) {
    return false;
  }
  {
    std::byte* const place = c->buf + c->sendx * sizeof(T);
    const UsePlace use(place);
    ::new (place) T(std::move(*v));
  }
  c->Pushed();
  return true;
}

// And of Recv: there is a value, and no sender waits. take(T*) moves it away.
template <typename T, typename Take>
inline bool RecvFromBuffer(Hchan* c, Take&& take) {
  if (c->count.load(std::memory_order_relaxed) == 0) return false;
  const sched::RaceScope not_looked_at;
  const os::SpinLockGuard guard(c->lock);
  if (ABSL_PREDICT_FALSE(!c->sendq.empty() ||
                         c->count.load(std::memory_order_relaxed) == 0)) {
    return false;
  }
  T* at = std::launder(reinterpret_cast<T*>(c->buf + c->recvx * sizeof(T)));
  {
    const UsePlace use(at);
    take(at);
    at->~T();
  }
  c->Popped();
  return true;
}

}  // namespace heddle::chan

#endif  // RUNTIME_CHAN_HCHAN_H_
