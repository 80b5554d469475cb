// Intrusive lists of goroutines, linked through schedlink. GQueue is FIFO with
// a stack end (Go's gQueue), GList is LIFO (Go's gList).
//
// A node is on one list at most: it has one link. Neither list is
// synchronised: whoever owns the list (a P, or the holder of sched.lock) owns
// the links of the nodes on it. Neither allocates or frees.
//
// Templates over the node so that they are tested and used without a
// scheduler; the scheduler's node is G.

#ifndef RUNTIME_SCHED_GQUEUE_H_
#define RUNTIME_SCHED_GQUEUE_H_

namespace heddle::sched {

// T has a member `T* schedlink`.
template <typename T>
class GQueue {
 public:
  bool empty() const { return head_ == nullptr; }

  // Adds gp at the head: it is the next that Pop returns.
  void Push(T* gp) {
    gp->schedlink = head_;
    head_ = gp;
    if (tail_ == nullptr) tail_ = gp;
  }

  // Adds gp at the tail.
  void PushBack(T* gp) {
    gp->schedlink = nullptr;
    if (tail_ != nullptr) {
      tail_->schedlink = gp;
    } else {
      head_ = gp;
    }
    tail_ = gp;
  }

  // Moves all of `other` to the tail, in order. `other` is empty afterwards.
  void PushBackAll(GQueue* other) {
    if (other->tail_ == nullptr) return;
    if (tail_ != nullptr) {
      tail_->schedlink = other->head_;
    } else {
      head_ = other->head_;
    }
    tail_ = other->tail_;
    *other = GQueue();
  }

  // Takes the head; null when empty.
  T* Pop() {
    T* gp = head_;
    if (gp == nullptr) return nullptr;
    head_ = gp->schedlink;
    if (head_ == nullptr) tail_ = nullptr;
    gp->schedlink = nullptr;
    return gp;
  }

  // Takes all.
  GQueue PopAll() {
    GQueue all = *this;
    *this = GQueue();
    return all;
  }

 private:
  template <typename U>
  friend class GList;

  T* head_ = nullptr;
  T* tail_ = nullptr;
};

template <typename T>
class GList {
 public:
  bool empty() const { return head_ == nullptr; }

  void Push(T* gp) {
    gp->schedlink = head_;
    head_ = gp;
  }

  // Moves all of `queue` to the front, its head first. `queue` is empty
  // afterwards. Constant time: the queue knows its tail.
  void PushAll(GQueue<T>* queue) {
    if (queue->empty()) return;
    queue->tail_->schedlink = head_;
    head_ = queue->head_;
    *queue = GQueue<T>();
  }

  // Takes the last one pushed; null when empty.
  T* Pop() {
    T* gp = head_;
    if (gp == nullptr) return nullptr;
    head_ = gp->schedlink;
    gp->schedlink = nullptr;
    return gp;
  }

 private:
  T* head_ = nullptr;
};

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_GQUEUE_H_
