// A context value whose type is known to one file alone.

#ifndef RUNTIME_CONTEXT_OTHER_KEY_FOR_TEST_H_
#define RUNTIME_CONTEXT_OTHER_KEY_FOR_TEST_H_

#include "heddle/runtime/context/context.h"

namespace heddle {

Context WithOtherKey(const Context& parent, int n);

// The number in the value; -1 if there is none.
int OtherKey(const Context& context);

}  // namespace heddle

#endif  // RUNTIME_CONTEXT_OTHER_KEY_FOR_TEST_H_
