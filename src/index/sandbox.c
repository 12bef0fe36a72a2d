/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox.c - the worker's sandbox: steps in their order, and the list of system calls that parsing needs. */
#include "index/sandbox.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Reading what is open, memory, threads, time; nothing that names a file, a process or a network. */
static const int calls[] = {
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(pread64),
	SCMP_SYS(preadv),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(pwrite64),
	SCMP_SYS(lseek),
	SCMP_SYS(close),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(statx),
	SCMP_SYS(fadvise64),
	SCMP_SYS(memfd_create),
	SCMP_SYS(ftruncate),
	SCMP_SYS(fallocate),
	SCMP_SYS(fcntl),
	SCMP_SYS(dup),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(brk),
	SCMP_SYS(futex),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(gettid),
	SCMP_SYS(getpid),
	SCMP_SYS(tgkill),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(getrandom),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(getcpu),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(sysinfo),
	SCMP_SYS(uname),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
};

/* Walking a directory, which landlock holds beneath its root. */
static const int directory_calls[] = {
	SCMP_SYS(openat),     SCMP_SYS(openat2), SCMP_SYS(open),   SCMP_SYS(getdents64),
	SCMP_SYS(readlinkat), SCMP_SYS(fstatfs), SCMP_SYS(statfs),
};

/* What the sanitizers' run time needs besides. */
static const int sanitizer_calls[] = {
	SCMP_SYS(openat),      SCMP_SYS(open),	    SCMP_SYS(readlink),	  SCMP_SYS(readlinkat),
	SCMP_SYS(getrlimit),   SCMP_SYS(prlimit64), SCMP_SYS(prctl),	  SCMP_SYS(process_vm_readv),
	SCMP_SYS(pipe2),       SCMP_SYS(ioctl),	    SCMP_SYS(getppid),	  SCMP_SYS(wait4),
	SCMP_SYS(ptrace),      SCMP_SYS(kill),	    SCMP_SYS(getdents64), SCMP_SYS(arch_prctl),
	SCMP_SYS(personality), SCMP_SYS(msync),	    SCMP_SYS(mincore),
};

/* Nobody calls these by mistake. */
static const int deadly[] = {
	SCMP_SYS(execve),      SCMP_SYS(execveat),   SCMP_SYS(fork),	SCMP_SYS(vfork),
	SCMP_SYS(setuid),      SCMP_SYS(setgid),     SCMP_SYS(mount),	SCMP_SYS(bpf),
	SCMP_SYS(init_module), SCMP_SYS(kexec_load), SCMP_SYS(connect), SCMP_SYS(bind),
};

static bool add(scmp_filter_ctx f, uint32_t action, const int *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int rc = seccomp_rule_add(f, action, list[i], 0);

		/* Not on this machine: then nobody can call it either. */
		if (rc < 0 && rc != -EDOM)
			return false;
	}
	return true;
}

static bool add_memory(scmp_filter_ctx f)
{
	const struct scmp_arg_cmp no_exec = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);

	/* Memory is never made executable: what is read must stay data. */
	return seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_exec) == 0 &&
	       seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_exec) == 0;
}

static bool add_threads(scmp_filter_ctx f)
{
	const struct scmp_arg_cmp thread = SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD);

	/* The flags of clone3 lie in memory and cannot be looked at: without it the C library uses clone. */
	return seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, thread) == 0 &&
	       seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0;
}

static bool enter_filter(bool directory)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	bool ok;

	if (!f)
		return false;
	ok = add(f, SCMP_ACT_ALLOW, calls, ARRAY_LEN(calls)) && add_memory(f) && add_threads(f) &&
	     add(f, SCMP_ACT_KILL_PROCESS, deadly, ARRAY_LEN(deadly));
	if (ok && directory)
		ok = add(f, SCMP_ACT_ALLOW, directory_calls, ARRAY_LEN(directory_calls));
	if (ok && UNDER_SANITIZER)
		ok = add(f, SCMP_ACT_ALLOW, sanitizer_calls, ARRAY_LEN(sanitizer_calls));
	ok = ok && seccomp_load(f) == 0;
	seccomp_release(f);
	return ok;
}

void sandbox_enter(const struct sandbox_options *options, struct sandbox_level *out)
{
	const struct limits *lim = options->limits;
	struct sandbox_limits limits = {
		/* Sanitizers reserve terabytes. */
		.memory = UNDER_SANITIZER ? 0 : lim->worker_memory,
		.seconds = lim->worker_seconds,
		.file = lim->spool_bytes + 4096,
		.files = 256,
	};

	*out = (struct sandbox_level){ 0 };
	out->limits = sandbox_set_limits(&limits);
	out->no_new_privs = sandbox_no_new_privs();
	if (sandbox_landlock(options->dir_fd))
		out->landlock = sandbox_landlock_abi();
	out->filter = enter_filter(options->dir_fd >= 0);
}

bool sandbox_is_full(const struct sandbox_level *level)
{
	return level->no_new_privs && level->limits && level->landlock > 0 && level->filter;
}

/* The steps are taken in a child, since there is no way back. */
static bool try_in_child(struct sandbox_level *out)
{
	struct sandbox_options options = { &limits_default, -1 };
	int pipe_fds[2];
	ssize_t n;
	pid_t pid;

	if (pipe(pipe_fds) < 0)
		return false;
	pid = fork();
	if (pid == 0) {
		sandbox_enter(&options, out);
		n = write(pipe_fds[1], out, sizeof(*out));
		_exit(n == (ssize_t)sizeof(*out) ? 0 : 1);
	}
	close(pipe_fds[1]);
	n = pid > 0 ? read(pipe_fds[0], out, sizeof(*out)) : -1;
	close(pipe_fds[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return n == (ssize_t)sizeof(*out);
}

const char *sandbox_describe(char *buf, size_t size, bool *out_full)
{
	struct sandbox_level level = { 0 };
	char landlock[32] = "no landlock";
	bool tried = try_in_child(&level);

	if (out_full)
		*out_full = tried && sandbox_is_full(&level);
	if (!tried) {
		snprintf(buf, size, "unknown");
		return buf;
	}
	if (level.landlock > 0)
		snprintf(landlock, sizeof(landlock), "landlock %d", level.landlock);
	snprintf(buf, size, "%s, %s, %s, %s", landlock,
		 level.filter ? "system calls filtered" : "system calls not filtered",
		 level.limits ? "resource limits" : "no resource limits",
		 level.no_new_privs ? "no new privileges" : "new privileges possible");
	return buf;
}
