// The template thread: a thread in a known state that makes threads.
//
// A new thread inherits what its maker has: signal mask, affinity, name spaces,
// capabilities. A locked goroutine may have changed these for its own thread;
// so an M that is needed while such a one runs is not made there: it is handed
// to an M that runs nothing, and that was made before the first goroutine of
// this runtime was locked.
//
// Source: Go 1.21's startTemplateThread, templateThread, newmHandoff.

#ifndef RUNTIME_SCHED_TEMPLATE_THREAD_H_
#define RUNTIME_SCHED_TEMPLATE_THREAD_H_

#include "heddle/runtime/sched/sched.h"

namespace heddle::sched {

// Starts it, if it does not run yet.
void StartTemplateThread(Sched* sched);

// Has `mp`, complete but for its thread, started by `maker`'s template thread.
void NewMHandoff(Sched* maker, M* mp);

// Whether it is what `mp` is made for.
bool IsTemplateThread(const M* mp);

// Has it end. Of sched's Ms it must be the last but sysmon: any other may still
// need a thread.
void StopTemplateThread(Sched* sched);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_TEMPLATE_THREAD_H_
