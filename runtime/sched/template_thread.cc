#include "heddle/runtime/sched/template_thread.h"

#include "heddle/runtime/os/quiet_threads.h"
#include "heddle/runtime/sched/m_lifecycle.h"

namespace heddle::sched {
namespace {

// Wakes it if it sleeps.
void Wake(Sched::NewmHandoff* handoff)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(handoff->lock) {
  if (!handoff->waiting) return;
  handoff->waiting = false;
  handoff->wake.Wakeup();
}

// Takes all Ms that wait for a thread; without any, says that it will sleep.
// False: it is to end.
bool TakeMs(Sched::NewmHandoff* handoff, M** ms) {
  os::LockGuard guard(handoff->lock);
  *ms = handoff->newm;
  handoff->newm = nullptr;
  if (*ms != nullptr) return true;
  if (handoff->stop) return false;
  handoff->waiting = true;
  return true;
}

void TemplateThread(M* self) {
  Sched::NewmHandoff* handoff = &self->sched->newm_handoff;
  FallIdle(self);  // an M that waits for it counts as awake
  M* ms;
  while (TakeMs(handoff, &ms)) {
    if (ms == nullptr) {
      handoff->wake.Sleep();
      handoff->wake.Clear();
      continue;
    }
    while (ms != nullptr) {
      M* mp = ms;
      ms = mp->schedlink;
      mp->schedlink = nullptr;
      NewM1(mp);
    }
  }
  os::LeaveQuiet();
}

}  // namespace

void StartTemplateThread(Sched* sched) {
  Sched::NewmHandoff& handoff = sched->newm_handoff;
  {
    os::LockGuard guard(sched->lock);
    if (handoff.started) return;
    handoff.started = true;
  }
  NewSystemM(sched, TemplateThread);
}

void NewMHandoff(Sched* maker, M* mp) {
  Sched::NewmHandoff& handoff = maker->newm_handoff;
  os::LockGuard guard(handoff.lock);
  mp->schedlink = handoff.newm;
  handoff.newm = mp;
  Wake(&handoff);
}

bool IsTemplateThread(const M* mp) { return mp->mstartfn == TemplateThread; }

void StopTemplateThread(Sched* sched) {
  Sched::NewmHandoff& handoff = sched->newm_handoff;
  os::LockGuard guard(handoff.lock);
  handoff.stop = true;
  Wake(&handoff);
}

}  // namespace heddle::sched
