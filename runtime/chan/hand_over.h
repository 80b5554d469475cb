// The steps that Send, Recv and Select share: carrying out an operation on a
// channel whose lock the caller holds, with a waiter on the other side or
// through the buffer. What is woken for it is returned, for after the unlock.

#ifndef RUNTIME_CHAN_HAND_OVER_H_
#define RUNTIME_CHAN_HAND_OVER_H_

#include "heddle/runtime/chan/hchan.h"
#include "heddle/runtime/chan/waitq.h"
#include "heddle/runtime/sched/g.h"
#include "heddle/runtime/sched/race.h"

namespace heddle::chan {

// Moves *src to where `to` says, if anybody wants it. May throw, but for a
// trivial type.
inline void Deliver(const Hchan* c, Target to, void* src) {
  if (to.elem == nullptr) return;
  const sched::RaceUserCode looked_at;
  if (to.deliver != nullptr) {
    to.deliver(to.elem, src);
  } else {
    CopyElem(to.elem, src, c->ops->size);
  }
}

// Puts *elem into the buffer, which has room. May throw.
void PushElem(Hchan* c, void* elem);

// Moves the oldest value of the buffer, which has one, to `to`. May throw.
void PopElem(Hchan* c, Target to);

// Ends w's wait. Returns whom to wake.
inline sched::WaitNode* Finish(Waiter* w, Result result) {
  sched::WaitNode* node = w->node;
  // Release: pairs with the acquire where the waiter wakes.
  w->result.store(result, std::memory_order_release);
  return node;
}

// Ends w's wait, if T's move did not throw; else puts it back, or has it try
// again. *wake is whom to wake, or null.
//
// To a receiver, taken off recvq; *elem is what it gets. Throws what T's move
// throws; *wake is set then, too.
void SendToWaiter(Hchan* c, Waiter* w, void* elem, sched::WaitNode** wake);

// From a sender, taken off sendq. As above.
void RecvFromWaiter(Hchan* c, Waiter* w, Target to, sched::WaitNode** wake);

// Whether a receive, or a send, need not wait. Under the lock; without it a
// guess.
inline bool CanRecv(const Hchan* c) {
  return c->count.load(std::memory_order_relaxed) != 0 || !c->sendq.empty() ||
         c->closed.load(std::memory_order_relaxed);
}
inline bool CanSend(const Hchan* c) {
  return c->count.load(std::memory_order_relaxed) < c->cap ||
         !c->recvq.empty() || c->closed.load(std::memory_order_relaxed);
}

}  // namespace heddle::chan

#endif  // RUNTIME_CHAN_HAND_OVER_H_
