// How a library is built that a variant of a test depends on.

#ifndef TESTING_SANITIZER_INSTRUMENTED_H_
#define TESTING_SANITIZER_INSTRUMENTED_H_

namespace heddle::testing {

struct Instrumented {
  bool asan;
  bool tsan;
};
Instrumented LibraryIs();

}  // namespace heddle::testing

#endif  // TESTING_SANITIZER_INSTRUMENTED_H_
