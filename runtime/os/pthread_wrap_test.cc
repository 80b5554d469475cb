// The linked pthread backend on a libc whose pthread_create fails: the linker
// puts __wrap_pthread_create in its place (-Wl,--wrap=pthread_create).

#include <pthread.h>

#include <cerrno>

#include "gtest/gtest.h"
#include "heddle/runtime/os/newosproc.h"

namespace {
int failures_left = 0;
int calls = 0;
}  // namespace

extern "C" {

int __real_pthread_create(pthread_t*, const pthread_attr_t*, void* (*)(void*),
                          void*);

int __wrap_pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                          void* (*start)(void*), void* arg) {
  ++calls;
  if (failures_left > 0) {
    --failures_left;
    return EAGAIN;
  }
  return __real_pthread_create(thread, attributes, start, arg);
}

}  // extern "C"

namespace heddle::os {
namespace {

void RunOne() {
  OsThread thread = NewOsProc({.fn = [](void*) {}, .arg = nullptr}, 1);
  OsThreadJoin(&thread);
}

TEST(PthreadWrapTest, TriesAgain) {
  EXPECT_STREQ(ThreadBackend(), "pthread");
  calls = 0;
  failures_left = 2;
  RunOne();
  EXPECT_EQ(calls, 3);
}

TEST(PthreadWrapDeathTest, GivesUp) {
  failures_left = 1000;
  EXPECT_DEATH(RunOne(), "ulimit -u.*\nfatal error: newosproc\n");
  failures_left = 0;
}

}  // namespace
}  // namespace heddle::os
