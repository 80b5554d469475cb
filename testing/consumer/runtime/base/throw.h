// A trap: this workspace has a header whose path is that of one of heddle's.

#error "a header of heddle's has included the workspace's runtime/base/throw.h"
