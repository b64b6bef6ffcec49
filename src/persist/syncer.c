/* persist/syncer.c - the thread that waits for the disk, so that the loop need not. */
#include "persist/syncer.h"
#include "base/err.h"
#include "base/mem.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define ZERO_CHUNK ((size_t)64 * 1024)

enum job_state { JOB_NONE, JOB_ON, JOB_DONE };

struct thread_syncer {
    struct syncer syncer;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int event;

    /* under the lock */
    enum job_state state;
    bool stop;
    struct disk *disk;
    struct disk_file *file;
    uint64_t zero_at, zero;
    int result;
};

/* Zeros ahead only make later syncs cheaper: no room for them is no error. */
static int fill(const struct thread_syncer *t)
{
    static const char zeros[ZERO_CHUNK];
    uint64_t done = 0;
    int err = OK;

    while (done < t->zero && err == OK) {
        size_t n = t->zero - done < sizeof zeros ? (size_t)(t->zero - done) : sizeof zeros;

        err = t->disk->ops->write(t->file, zeros, n, t->zero_at + done);
        done += n;
    }
    return err == ERR_NO_SPACE ? OK : err;
}

static int run_job(const struct thread_syncer *t)
{
    int err = fill(t);

    return err < 0 ? err : t->disk->ops->sync(t->file);
}

/* The job's fields are the thread's alone while the state is JOB_ON. */
static void *thread_main(void *arg)
{
    struct thread_syncer *t = arg;
    const uint64_t one = 1;
    int result;

    pthread_mutex_lock(&t->lock);
    while (!t->stop) {
        if (t->state != JOB_ON) {
            pthread_cond_wait(&t->changed, &t->lock);
            continue;
        }
        pthread_mutex_unlock(&t->lock);
        result = run_job(t);
        pthread_mutex_lock(&t->lock);
        t->result = result;
        t->state = JOB_DONE;
        pthread_cond_broadcast(&t->changed);
        while (write(t->event, &one, sizeof one) < 0 && errno == EINTR)
            ;
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

static void thread_start(struct syncer *s, struct disk *d, struct disk_file *f, uint64_t zero_at,
                         uint64_t zero)
{
    struct thread_syncer *t = (struct thread_syncer *)s;

    pthread_mutex_lock(&t->lock);
    must(t->state == JOB_NONE);
    t->disk = d;
    t->file = f;
    t->zero_at = zero_at;
    t->zero = zero;
    t->state = JOB_ON;
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->lock);
}

static bool thread_poll(struct syncer *s, bool wait, int *result)
{
    struct thread_syncer *t = (struct thread_syncer *)s;
    uint64_t count;
    bool done;

    pthread_mutex_lock(&t->lock);
    while (wait && t->state == JOB_ON)
        pthread_cond_wait(&t->changed, &t->lock);
    done = t->state == JOB_DONE;
    if (done) {
        *result = t->result;
        t->state = JOB_NONE;
        while (read(t->event, &count, sizeof count) < 0 && errno == EINTR)
            ;
    }
    pthread_mutex_unlock(&t->lock);
    return done;
}

static void thread_free(struct syncer *s)
{
    struct thread_syncer *t = (struct thread_syncer *)s;

    if (!s)
        return;
    pthread_mutex_lock(&t->lock);
    t->stop = true;
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->lock);
    pthread_join(t->thread, NULL);
    pthread_cond_destroy(&t->changed);
    pthread_mutex_destroy(&t->lock);
    close(t->event);
    mem_free(t);
}

/* Signals are the loop's: the thread is started with all of them blocked. */
static int start_thread(struct thread_syncer *t)
{
    sigset_t all, before;
    int err;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    err = pthread_create(&t->thread, NULL, thread_main, t);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return err;
}

struct syncer *syncer_thread(int *event_fd)
{
    int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct thread_syncer *t;
    int err;

    if (event < 0)
        return NULL;
    t = mem_zalloc(sizeof *t);
    t->syncer = (struct syncer){thread_start, thread_poll, thread_free};
    t->event = event;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->changed, NULL);
    err = start_thread(t);
    if (err) {
        close(event);
        mem_free(t);
        errno = err;
        return NULL;
    }
    *event_fd = event;
    return &t->syncer;
}
