#include "heddle/testing/sanitizer/instrumented.h"

#include "heddle/runtime/sanitizer/sanitizer.h"

namespace heddle::testing {

Instrumented LibraryIs() { return {sanitizer::kAsan, sanitizer::kTsan}; }

}  // namespace heddle::testing
