#include "heddle/runtime/sync/waiter.h"

namespace heddle::sync {

void WaitQueue::WakeAll() {
  sched::GoreadyBatch batch;
  while (WaitNode* node = Pop()) {
    if (node->home == nullptr) {
      Waiter::Wake(node);
    } else {
      Waiter::NoteWake(node);
      batch.Add(static_cast<sched::G*>(node));
    }
  }
}

}  // namespace heddle::sync
