// The program that held_locks_link_test links in many ways. It takes and
// releases each kind of lock in each way, and prints "ok" if each call did what
// it should and held_locks_link_probe_table.cc was told. Not part of any
// target: the test runs the compilers itself.

#include <pthread.h>

#include <cerrno>
#include <cstdio>
#include <ctime>

#include "heddle/runtime/sanitizer/sanitizer.h"

extern "C" {
extern int probe_locked;
extern int probe_unlocked;
}

namespace {

int failures = 0;

void Expect(const char* what, int is, int should_be) {
  if (is == should_be) return;
  std::printf("%s is %d, not %d\n", what, is, should_be);
  failures++;
}

// `call` takes the lock, `unlock` releases it.
template <typename Call, typename Unlock>
void Takes(const char* what, Call call, Unlock unlock) {
  const int locked = probe_locked;
  const int unlocked = probe_unlocked;
  Expect(what, call(), 0);
  Expect(what, probe_locked, locked + 1);
  Expect(what, unlock(), 0);
  Expect(what, probe_unlocked, unlocked + 1);
}

// `call` does not take the lock, which somebody has.
template <typename Call>
void Fails(const char* what, Call call, int error) {
  const int locked = probe_locked;
  Expect(what, call(), error);
  Expect(what, probe_locked, locked);
}

timespec Soon(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  time.tv_sec += 1000;
  return time;
}

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;

void TryAll() {
  Fails(
      "trylock", [] { return pthread_mutex_trylock(&mutex); }, EBUSY);
  Fails(
      "tryrdlock", [] { return pthread_rwlock_tryrdlock(&rwlock); }, EBUSY);
  Fails(
      "trywrlock", [] { return pthread_rwlock_trywrlock(&rwlock); }, EBUSY);
}

}  // namespace

int main() {
  const timespec real = Soon(CLOCK_REALTIME);
  [[maybe_unused]] const timespec steady = Soon(CLOCK_MONOTONIC);
  const auto unlock = [] { return pthread_mutex_unlock(&mutex); };
  Takes(
      "lock", [] { return pthread_mutex_lock(&mutex); }, unlock);
  Takes(
      "trylock", [] { return pthread_mutex_trylock(&mutex); }, unlock);
  Takes(
      "timedlock", [&] { return pthread_mutex_timedlock(&mutex, &real); },
      unlock);
  const auto rwunlock = [] { return pthread_rwlock_unlock(&rwlock); };
  Takes(
      "rdlock", [] { return pthread_rwlock_rdlock(&rwlock); }, rwunlock);
  Takes(
      "tryrdlock", [] { return pthread_rwlock_tryrdlock(&rwlock); }, rwunlock);
  Takes(
      "timedrdlock", [&] { return pthread_rwlock_timedrdlock(&rwlock, &real); },
      rwunlock);
  Takes(
      "wrlock", [] { return pthread_rwlock_wrlock(&rwlock); }, rwunlock);
  Takes(
      "trywrlock", [] { return pthread_rwlock_trywrlock(&rwlock); }, rwunlock);
  Takes(
      "timedwrlock", [&] { return pthread_rwlock_timedwrlock(&rwlock, &real); },
      rwunlock);
#if !HEDDLE_TSAN  // g++ 12's does not know that these lock
  Takes(
      "clocklock",
      [&] { return pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &steady); },
      unlock);
  Takes(
      "clockrdlock",
      [&] {
        return pthread_rwlock_clockrdlock(&rwlock, CLOCK_MONOTONIC, &steady);
      },
      rwunlock);
  Takes(
      "clockwrlock",
      [&] {
        return pthread_rwlock_clockwrlock(&rwlock, CLOCK_MONOTONIC, &steady);
      },
      rwunlock);
#endif

  // By this thread, then by another one.
  pthread_mutex_lock(&mutex);
  pthread_rwlock_wrlock(&rwlock);
  TryAll();
  pthread_t thread;
  const auto try_all = [](void*) -> void* {
    TryAll();
    return nullptr;
  };
  Expect("pthread_create", pthread_create(&thread, nullptr, try_all, nullptr),
         0);
  pthread_join(thread, nullptr);
  pthread_rwlock_unlock(&rwlock);
  pthread_mutex_unlock(&mutex);

  // Readers share.
  pthread_rwlock_rdlock(&rwlock);
  Takes(
      "tryrdlock", [] { return pthread_rwlock_tryrdlock(&rwlock); }, rwunlock);
  Fails(
      "trywrlock", [] { return pthread_rwlock_trywrlock(&rwlock); }, EBUSY);
  pthread_rwlock_unlock(&rwlock);

  if (failures == 0) std::puts("ok");
  return failures != 0;
}
