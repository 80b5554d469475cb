// heddle's headers do not include this workspace's runtime/base/throw.h.

#include "heddle/heddle.h"

int main() {
  return heddle::Run([] { return heddle::GoId() != 0 ? 0 : 1; });
}
