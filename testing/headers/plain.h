// A part of a program, plain.cc, that is compiled without RTTI and exceptions,
// while the rest of the program is compiled with both.

#ifndef TESTING_HEADERS_PLAIN_H_
#define TESTING_HEADERS_PLAIN_H_

#include "absl/status/status.h"
#include "heddle/heddle.h"

namespace heddle::testing {

struct Number {
  int n;
};

// Each is called in a goroutine, starts others, and returns the sum of the
// numbers from 1 to n.
int SumOverChan(int n);
int SumBySelect(int n);
int SumUnderMutex(int n);

// A child of `parent` with a Number; and that of `context`, null if none.
Context WithNumber(const Context& parent, int n);
const Number* NumberOf(const Context& context);

// What a TaskGroup says of two tasks, one of which fails.
absl::Status FailsInAGroup();

// Send throws ClosedChannel. The second does it in a task of a TaskGroup.
void SendsOnAClosedChannel();
void SendsOnAClosedChannelInAGroup();

// In part_without_rtti.cc, which has exceptions: does it, and catches it.
bool CatchesClosedChannel();

}  // namespace heddle::testing

#endif  // TESTING_HEADERS_PLAIN_H_
