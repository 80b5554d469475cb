#include "heddle/runtime/os/note.h"

namespace heddle::os {

template class BasicNote<NotePolicy>;

}  // namespace heddle::os
