// Stacks with guard pages, as memory: no scheduler, no contexts.

#include "heddle/runtime/stack/stack.h"

#include <cstring>

#include "expect.h"
#include "heddle/runtime/stack/stack_cache.h"
#include "heddle/runtime/stack/stack_pool.h"

int main() {
  heddle::stack::StackPool pool;
  heddle::stack::StackCache cache;
  auto stack = pool.Alloc(&cache, heddle::stack::kDefaultStack);
  EXPECT(stack.ok());
  EXPECT(stack->size() == heddle::stack::kDefaultStack);
  std::memset(reinterpret_cast<void*>(stack->lo), 0x5a, stack->size());
  pool.Free(&cache, *stack);

  auto again = pool.Alloc(&cache, heddle::stack::kDefaultStack);
  EXPECT(again.ok() && *again == *stack);
  pool.Free(&cache, *again);
  cache.Flush(&pool);
  EXPECT(pool.stats().taken_stacks == 0);

  EXPECT(!pool.Alloc(nullptr, 12345).ok());
}
