#include "heddle/runtime/context/other_key_for_test.h"

namespace heddle {
namespace {

struct Key {
  int n;
};

}  // namespace

Context WithOtherKey(const Context& parent, int n) {
  return WithValue(parent, Key{n});
}

int OtherKey(const Context& context) {
  const Key* const key = context.Value<Key>();
  return key == nullptr ? -1 : key->n;
}

}  // namespace heddle
