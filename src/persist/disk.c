/* persist/disk.c - a directory of the real file system. Names are looked up from the directory's own
 * descriptor, so that a daemon that changes its working directory goes on finding its files. */
#include "persist/disk.h"
#include "base/err.h"
#include "base/mem.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_NAME  "leanmqd.lock"
#define ZERO_CHUNK ((size_t)64 * 1024)

struct posix_disk {
    struct disk disk;
    int dir, lock;
};

struct disk_file {
    int fd;
};

static int failed(void)
{
    return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? ERR_NO_SPACE : ERR_IO;
}

static struct posix_disk *of(struct disk *d)
{
    return (struct posix_disk *)d;
}

/* Read-only, for the check of a directory on a read-only mount. */
static int disk_lock(struct disk *d)
{
    struct posix_disk *p = of(d);
    int fd;

    if (p->lock >= 0)
        return OK;
    fd = openat(p->dir, LOCK_NAME, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return failed();
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        int err = errno == EWOULDBLOCK ? ERR_LOCKED : ERR_IO;

        close(fd);
        return err;
    }
    p->lock = fd;
    return OK;
}

static int disk_open(struct disk *d, const char *name, enum disk_open how, struct disk_file **file)
{
    static const int flags[] = {
        [DISK_READ] = O_RDONLY, [DISK_WRITE] = O_RDWR, [DISK_CREATE] = O_RDWR | O_CREAT | O_EXCL};
    int fd;

    do
        fd = openat(of(d)->dir, name, flags[how] | O_CLOEXEC, 0600);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return failed();
    *file = mem_alloc(sizeof **file);
    (*file)->fd = fd;
    return OK;
}

static int disk_rename(struct disk *d, const char *from, const char *to)
{
    return renameat(of(d)->dir, from, of(d)->dir, to) < 0 ? failed() : OK;
}

static int disk_unlink(struct disk *d, const char *name)
{
    return unlinkat(of(d)->dir, name, 0) < 0 && errno != ENOENT ? failed() : OK;
}

static int disk_sync_dir(struct disk *d)
{
    return fsync(of(d)->dir) < 0 ? failed() : OK;
}

static int disk_list(struct disk *d, void (*fn)(const char *name, void *arg), void *arg)
{
    int fd = openat(of(d)->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct dirent *e;
    DIR *dir;
    int err;

    if (fd < 0)
        return failed();
    dir = fdopendir(fd);
    if (!dir) {
        close(fd);
        return ERR_IO;
    }
    while (errno = 0, (e = readdir(dir)))
        if (e->d_name[0] != '.')
            fn(e->d_name, arg);
    err = errno;
    closedir(dir);
    errno = err;
    return err ? ERR_IO : OK;
}

static bool disk_exists(struct disk *d, const char *name)
{
    struct stat st;

    return fstatat(of(d)->dir, name, &st, 0) == 0;
}

/* No LOCK_UN: flock belongs to the open file, and a rewrite's child that closes its copy of the descriptor
 * must not take the lock away from its parent. */
static void disk_close(struct disk *d)
{
    struct posix_disk *p = of(d);

    if (p->lock >= 0)
        close(p->lock);
    close(p->dir);
    mem_free(p);
}

static int file_read(struct disk_file *f, void *to, size_t n, uint64_t at, size_t *got)
{
    *got = 0;
    while (*got < n) {
        ssize_t r = pread(f->fd, (char *)to + *got, n - *got, (off_t)(at + *got));

        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return ERR_IO;
        if (r == 0)
            break;
        *got += (size_t)r;
    }
    return OK;
}

static int file_write(struct disk_file *f, const void *p, size_t n, uint64_t at)
{
    size_t done = 0;

    while (done < n) {
        ssize_t r = pwrite(f->fd, (const char *)p + done, n - done, (off_t)(at + done));

        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return failed();
        done += (size_t)r;
    }
    return OK;
}

static int file_sync(struct disk_file *f)
{
    int r;

    do
        r = fdatasync(f->fd);
    while (r < 0 && errno == EINTR);
    return r < 0 ? failed() : OK;
}

static int file_size(struct disk_file *f, uint64_t *n)
{
    struct stat st;

    if (fstat(f->fd, &st) < 0)
        return ERR_IO;
    *n = (uint64_t)st.st_size;
    return OK;
}

static int write_zeros(struct disk_file *f, uint64_t at, uint64_t n)
{
    static const char zeros[ZERO_CHUNK];
    int err = OK;

    while (n && err == OK) {
        size_t part = n < sizeof zeros ? (size_t)n : sizeof zeros;

        err = file_write(f, zeros, part, at);
        at += part;
        n -= part;
    }
    return err;
}

static int file_allocate(struct disk_file *f, uint64_t at, uint64_t n)
{
    int r;

    do
        r = fallocate(f->fd, 0, (off_t)at, (off_t)n);
    while (r < 0 && errno == EINTR);
    if (r < 0 && (errno == EOPNOTSUPP || errno == ENOSYS))
        return write_zeros(f, at, n);
    return r < 0 ? failed() : OK;
}

static int file_truncate(struct disk_file *f, uint64_t n)
{
    int r;

    do
        r = ftruncate(f->fd, (off_t)n);
    while (r < 0 && errno == EINTR);
    return r < 0 ? failed() : OK;
}

static void file_close(struct disk_file *f)
{
    close(f->fd);
    mem_free(f);
}

static const struct disk_ops posix_ops = {
    .lock = disk_lock,
    .open = disk_open,
    .rename = disk_rename,
    .unlink = disk_unlink,
    .sync_dir = disk_sync_dir,
    .list = disk_list,
    .exists = disk_exists,
    .close = disk_close,
    .read = file_read,
    .write = file_write,
    .sync = file_sync,
    .size = file_size,
    .allocate = file_allocate,
    .truncate = file_truncate,
    .close_file = file_close,
};

/* A directory just made is lost in a power cut unless the one that holds it is synced. */
static int sync_parent(int dir)
{
    int fd = openat(dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r;

    if (fd < 0)
        return -1;
    r = fsync(fd);
    close(fd);
    return r;
}

struct disk *disk_posix(const char *path, bool create)
{
    bool made = create && mkdir(path, 0700) == 0;
    struct posix_disk *p;
    int fd;

    if (create && !made && errno != EEXIST)
        return NULL;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    if (made && sync_parent(fd) < 0) {
        close(fd);
        return NULL;
    }
    p = mem_alloc(sizeof *p);
    *p = (struct posix_disk){.disk = {&posix_ops}, .dir = fd, .lock = -1};
    return &p->disk;
}
