/* persist/disk.h - the one seam to the disk. A struct disk is one directory; names are file names in it.
 * disk_posix() is the real one; tests/sim has one in memory that loses unsynced pages, forgets unsynced
 * renames and fails at call n.
 *
 * Every function returns OK, ERR_NO_SPACE, or ERR_IO with errno set.
 */
#ifndef PERSIST_DISK_H
#define PERSIST_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct disk;
struct disk_file;

enum disk_open { DISK_READ, DISK_WRITE /* must exist */, DISK_CREATE /* must not exist */ };

struct disk_ops {
    int (*lock)(struct disk *d); /* held until close; ERR_LOCKED if another process has it */
    int (*open)(struct disk *d, const char *name, enum disk_open how, struct disk_file **file);
    int (*rename)(struct disk *d, const char *from, const char *to); /* replaces */
    int (*unlink)(struct disk *d, const char *name);                 /* OK if it was not there */
    int (*sync_dir)(struct disk *d);
    int (*list)(struct disk *d, void (*fn)(const char *name, void *arg), void *arg);
    bool (*exists)(struct disk *d, const char *name);
    void (*close)(struct disk *d); /* the lock goes too */

    int (*read)(struct disk_file *f, void *to, size_t n, uint64_t at,
                size_t *got);                                                /* short only at the end */
    int (*write)(struct disk_file *f, const void *p, size_t n, uint64_t at); /* all of it, or an error */
    int (*sync)(struct disk_file *f);                                        /* fdatasync; from any thread */
    int (*size)(struct disk_file *f, uint64_t *n);
    int (*allocate)(struct disk_file *f, uint64_t at, uint64_t n); /* zeros, on disk, the size grows */
    int (*truncate)(struct disk_file *f, uint64_t n);
    void (*close_file)(struct disk_file *f);
};

struct disk {
    const struct disk_ops *ops;
};

/* The directory `path`, made (mode 0700... less the umask) if `create`. NULL: errno. */
struct disk *disk_posix(const char *path, bool create);

#endif
