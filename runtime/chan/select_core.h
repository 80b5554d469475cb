// Select without types: Go's selectgo.
//
//   1. Looks at the cases without a lock. If some seem to be ready, one of
//   them,
//      chosen uniformly, is tried under its channel's lock alone.
//   2. Takes the locks of all channels, in the order of their addresses, and
//      looks again: now no case can become ready unseen, and Default is an
//      answer that was true at one moment.
//   3. Puts a waiter into every channel and parks; the park's commit releases
//      the locks. Whoever raises `fired` first carries its case out.
//   4. Takes the other waiters off their queues.
//
// Differences from Go: the first step, which spares all locks but one; cases
// are not looked at in a random order, but one of those that are ready is drawn
// (a reservoir of one), which comes to the same.

#ifndef RUNTIME_CHAN_SELECT_CORE_H_
#define RUNTIME_CHAN_SELECT_CORE_H_

#include <cstddef>
#include <cstdint>

#include "heddle/runtime/chan/hchan.h"

namespace heddle::chan {

// Go's limit.
inline constexpr size_t kMaxCases = 65536;

enum class CaseKind : uint8_t { kRecv, kSend, kDefault };

struct Case {
  CaseKind kind;
  // Null: the case never runs, unless it is the default.
  Hchan* c;
  // A sender's value. A receiver's T, which is assigned to, or null.
  void* elem;
  // Where a receiver is told whether that is a value, or null.
  bool* ok;
};

inline constexpr size_t kNoDefault = static_cast<size_t>(-1);

// Carries one of `n` cases out and returns its number: of those that are ready
// one by chance; if none is, `default_case`, or the first that becomes ready.
// The cases lie `stride` bytes apart. Without any it waits for ever. Throws
// ClosedChannel if a send is chosen and its channel closed; what T's move
// throws, and then none was carried out, or T's assignment, and then one was;
// std::invalid_argument if n is above kMaxCases. (selectgo)
size_t SelectCases(const Case* cases, size_t stride, size_t n,
                   size_t default_case);

}  // namespace heddle::chan

#endif  // RUNTIME_CHAN_SELECT_CORE_H_
