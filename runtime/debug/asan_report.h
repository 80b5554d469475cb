// What AddressSanitizer's reports leave out: which goroutine it was, as ASan
// knows threads alone, and whose stack it is that should not have been used.
//
//   ==1234==ERROR: AddressSanitizer: stack-use-after-return on address …
//   …
//   heddle: goroutine 4 "borrower" did this
//   heddle: 0x7f6a2c031840 is on the fake stack of goroutine 3 "owner", which
//   is waiting
//
// A dead goroutine is told by its last number and name, until its stack has a
// new owner. Its fake stack (docs/sanitizers.md) is gone with it: the use of
// what was there is a SEGV.

#ifndef RUNTIME_DEBUG_ASAN_REPORT_H_
#define RUNTIME_DEBUG_ASAN_REPORT_H_

namespace heddle::debug {

// Has that added to ASan's reports, from now on; without ASan nothing. In the
// place of a callback that the program has set (__asan_set_error_report_
// callback); one that it sets later stands, and can call DescribeAsanError.
// Thread-safe; does something the first time.
void InstallAsanReport();

// Prints it, in such a callback.
void DescribeAsanError();

}  // namespace heddle::debug

#endif  // RUNTIME_DEBUG_ASAN_REPORT_H_
