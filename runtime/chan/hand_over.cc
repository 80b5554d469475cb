#include "heddle/runtime/chan/hand_over.h"

namespace heddle::chan {
namespace {

// T's move threw for w, which was claimed. A select is claimed for good, and
// has to start again; any other keeps its place.
sched::WaitNode* GiveBack(WaitQueue* q, Waiter* w) {
  if (w->fired != nullptr) return Finish(w, Result::kRetry);
  q->PushFront(w);
  return nullptr;
}

}  // namespace

void PushElem(Hchan* c, void* elem) {
  void* place = c->Place(c->sendx);
  {
    const UsePlace use(place);
    if (c->ops->construct != nullptr) {
      c->ops->construct(place, elem);
    } else {
      CopyElem(place, elem, c->ops->size);
    }
  }
  c->Pushed();
}

void PopElem(Hchan* c, Target to) {
  void* place = c->Place(c->recvx);
  {
    const UsePlace use(place);
    Deliver(c, to, place);
    if (c->ops->destroy != nullptr) c->ops->destroy(place);
  }
  c->Popped();
}

void SendToWaiter(Hchan* c, Waiter* w, void* elem, sched::WaitNode** wake) {
  sched::RaceAcquire(w);
  try {
    Deliver(c, {w->elem, w->deliver}, elem);
  } catch (...) {
    *wake = GiveBack(&c->recvq, w);
    throw;
  }
  *wake = Finish(w, Result::kDone);
}

void RecvFromWaiter(Hchan* c, Waiter* w, Target to, sched::WaitNode** wake) {
  sched::RaceAcquire(w);
  try {
    if (c->cap == 0) {
      Deliver(c, to, w->elem);
    } else {
      PopElem(c, to);
    }
  } catch (...) {
    *wake = GiveBack(&c->sendq, w);
    throw;
  }
  Result result = Result::kDone;
  if (c->cap != 0) {
    try {
      PushElem(c, w->elem);
    } catch (...) {
      // The receiver has its value. The sender is to see what its own throws.
      result = Result::kRetry;
    }
  }
  *wake = Finish(w, result);
}

}  // namespace heddle::chan
