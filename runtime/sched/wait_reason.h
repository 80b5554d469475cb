// Why a goroutine waits: the text between the brackets of its traceback
// header, "goroutine 7 [chan receive]:". Go's texts, letter for letter.
//
// Do not reuse a reason for a new kind of wait: add one.
//
// Source: Go 1.21's waitReason.

#ifndef RUNTIME_SCHED_WAIT_REASON_H_
#define RUNTIME_SCHED_WAIT_REASON_H_

#include <cstdint>

namespace heddle::sched {

enum class WaitReason : uint8_t {
  kZero,
  kMutexLock,
  kRWMutexRLock,
  kRWMutexLock,
  kSemacquire,  // WaitGroup's too, as in Go
  kCondWait,
  kSleep,
  kStoppingTheWorld,
  kChanReceive,
  kChanSend,
  kChanReceiveNilChan,
  kChanSendNilChan,
  kSelect,
  kSelectNoCases,
};

// The text; static storage.
constexpr const char* WaitReasonText(WaitReason reason) {
  switch (reason) {
    case WaitReason::kZero:
      return "";
    case WaitReason::kMutexLock:
      return "sync.Mutex.Lock";
    case WaitReason::kRWMutexRLock:
      return "sync.RWMutex.RLock";
    case WaitReason::kRWMutexLock:
      return "sync.RWMutex.Lock";
    case WaitReason::kSemacquire:
      return "semacquire";
    case WaitReason::kCondWait:
      return "sync.Cond.Wait";
    case WaitReason::kSleep:
      return "sleep";
    case WaitReason::kStoppingTheWorld:
      return "stopping the world";
    case WaitReason::kChanReceive:
      return "chan receive";
    case WaitReason::kChanSend:
      return "chan send";
    case WaitReason::kChanReceiveNilChan:
      return "chan receive (nil chan)";
    case WaitReason::kChanSendNilChan:
      return "chan send (nil chan)";
    case WaitReason::kSelect:
      return "select";
    case WaitReason::kSelectNoCases:
      return "select (no cases)";
  }
  return "unknown wait reason";
}

// Whether the wait is for a mutex (/sync/mutex/wait/total). (isMutexWait)
constexpr bool IsMutexWait(WaitReason reason) {
  return reason == WaitReason::kMutexLock ||
         reason == WaitReason::kRWMutexRLock ||
         reason == WaitReason::kRWMutexLock;
}

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_WAIT_REASON_H_
