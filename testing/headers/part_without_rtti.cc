#include <string_view>

#include "heddle/testing/headers/plain.h"

#if defined(__cpp_rtti) || !defined(__cpp_exceptions)
#error "compile this with -fno-rtti"
#endif

namespace heddle::testing {

bool CatchesClosedChannel() {
  const Chan<int> numbers;
  numbers.Close();
  try {
    numbers.Send(1);
  } catch (const ClosedChannel& e) {
    return e.what() == std::string_view("send on closed channel");
  }
  return false;
}

}  // namespace heddle::testing
