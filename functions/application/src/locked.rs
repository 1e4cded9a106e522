//! The lock of a mutex that is never poisoned.

use std::sync::{Mutex, MutexGuard};

/// Locks `mutex`. Whoever holds it only reads and writes its content, so no panic can poison it.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no panic holds it")
}
