// Quiet threads: threads of the runtimes' that sleep and will do nothing until
// another thread wakes them. If every thread of the process is quiet, nobody is
// left to wake any: the deadlock check is built on that.
//
// A sleeper counts itself before it sleeps. Its waker takes it off before it
// wakes it, never the sleeper itself: so at no time is a thread both counted
// and on its way to do something. (Sysmon and the template thread are counted
// while they live: what they do for a thread that is awake has been asked for
// by it, and of themselves they do nothing.) One word holds the count and a
// number that grows with each thread taken off. Whoever sees the same word
// before and after it asked the system for the number of threads, and that
// number equal to the count, knows that at the time of the asking all threads
// were quiet.
//
// The process's, not a runtime's: one runtime's thread may wake another's.

#ifndef RUNTIME_OS_QUIET_THREADS_H_
#define RUNTIME_OS_QUIET_THREADS_H_

namespace heddle::os {

// One more thread is quiet: the caller, which is about to sleep.
void EnterQuiet();

// One thread less is: the caller is about to wake it, or it ends.
void LeaveQuiet();

// The threads that are quiet now.
int QuietThreads();

// The threads of the process, from /proc/self/stat; if that cannot be read, as
// without /proc or with no descriptor free, by trying all numbers of threads,
// which may take half a second. Nothing allocates or locks. errno stays as it
// is.
int ThreadCount();

// Whether all threads are quiet but `others` at most, of which the caller knows
// that they wake nobody. False if that cannot be found out. From any thread,
// the quiet ones included.
bool AllThreadsQuiet(int others);

}  // namespace heddle::os

#endif  // RUNTIME_OS_QUIET_THREADS_H_
