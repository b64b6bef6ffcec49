# Sidekiq: two processes of four threads. Bulk, delays, retries, the dead set, its API, a process that is told to
# stop (it gives back what it has in hand) and one that is killed: its fetch is a BRPOP, so what it had in hand is
# lost on Redis too, and nothing else is.   usage: test.rb HOST PORT
require 'rbconfig'
HOST, PORT = ARGV[0], ARGV[1].to_i
ENV['REDIS_URL'] = "redis://#{HOST}:#{PORT}/0"
require_relative 'jobs'
require 'sidekiq/api'
Sidekiq.logger.level = Logger::WARN

JOBS = 1000
WORKERS = {}

def same(got, wanted, what = '')
  raise "#{what}: wanted #{wanted.inspect}, got #{got.inspect}" unless got == wanted
end

def wait_until(what, timeout = 30)
  deadline = Time.now + timeout
  until (value = yield)
    raise "waited #{timeout} s for #{what}" if Time.now > deadline
    sleep 0.02
  end
  value
end

def worker(name, threads = 4)
  log = File.join(ENV['WORK'], name + '.log')
  WORKERS[name] = spawn('sidekiq', '-r', File.join(__dir__, 'jobs.rb'), '-c', threads.to_s, '-t', '4', # longer than a fetch waits: else it gives its job back to itself
                         %i[out err] => log, in: '/dev/null', pgroup: true)
end

def finish(name, signal)
  pid = WORKERS.delete(name)
  Process.kill(signal, pid)
  Process.wait(pid)
end

def every_job_is_done_once
  %w[one two].each { |name| worker(name) }
  Sidekiq::Client.push_bulk('class' => Note, 'args' => (0...JOBS).map { |n| [n] })
  wait_until('all jobs') { lines('note').length >= JOBS }
  same(lines('note').map(&:to_i).sort, (0...JOBS).to_a)
  wait_until('two processes to tell of themselves') { Sidekiq::ProcessSet.new.size == 2 }
  wait_until('the count of jobs') { Sidekiq::Stats.new.processed == JOBS }
  same(Sidekiq::Queue.new.size, 0)
end

def delays
  before = Time.now.to_f
  Note.perform_in(1, 5000)
  same(Sidekiq::ScheduledSet.new.size, 1)
  wait_until('the delayed job') { lines('note 5000').length == 1 }
  raise 'too early' if Time.now.to_f - before < 0.95
  gone = Note.perform_in(1000, 6000)
  same(Sidekiq::ScheduledSet.new.find_job(gone).args, [6000])
  Sidekiq::ScheduledSet.new.find_job(gone).delete
  same(Sidekiq::ScheduledSet.new.size, 0)
end

def retries
  3.times { |n| Flaky.perform_async(n) }
  # It waits 15 s or more before a retry: what the scheduler finds is made due by hand.
  wait_until('the third attempts') do
    Sidekiq::RetrySet.new.each { |job| job.reschedule(Time.now.to_f - 1) if job.at > Time.now }
    lines('flaky').length == 3
  end
  same(lines('try').map(&:to_i).sort, [0, 0, 0, 1, 1, 1, 2, 2, 2])
  wait_until('an empty retry set') { Sidekiq::RetrySet.new.size.zero? }
end

def failures
  Fails.perform_async
  wait_until('the dead one') { Sidekiq::DeadSet.new.size == 1 }
  dead = Sidekiq::DeadSet.new.first
  same([dead.klass, dead['error_class'], dead['error_message']], ['Fails', 'ArgumentError', 'on purpose'])
  dead.delete
end

def a_process_that_stops_gives_back_its_job
  Holds.perform_async('stopped')
  pid = wait_until('somebody to have it in hand') { lines('held stopped').first }.to_i
  finish(WORKERS.key(pid), 'TERM')
  wait_until('the other to do it') { lines('again') == ['stopped'] }
end

def a_killed_process_loses_what_it_had_and_no_more
  worker('three')
  wait_until('two processes') { Sidekiq::ProcessSet.new.size >= 2 }
  Holds.perform_async('killed')
  pid = wait_until('somebody to have it in hand') { lines('held killed').first }.to_i
  finish(WORKERS.key(pid), 'KILL')
  jobs = (10_000...10_200).to_a
  Sidekiq::Client.push_bulk('class' => Note, 'args' => jobs.map { |n| [n] })
  wait_until('the jobs after it') { lines('note').length >= JOBS + 1 + jobs.length }
  same(lines('note').map(&:to_i).select { |n| n >= 10_000 }.sort, jobs)
  same([lines('held killed').length, lines('again')], [1, ['stopped']])
end

def drained
  WORKERS.keys.each { |name| finish(name, 'TERM') }
  stats = Sidekiq::Stats.new
  same([stats.enqueued, stats.scheduled_size, stats.retry_size, stats.dead_size], [0, 0, 0, 0])
  5.times { |n| Note.perform_async(n) }
  same(Sidekiq::Queue.new.map { |j| j.args.first }.sort, [0, 1, 2, 3, 4])
  Sidekiq::Queue.new.clear
  same(Sidekiq::Queue.all.size, 0)
end

begin
  %i[every_job_is_done_once delays retries failures a_process_that_stops_gives_back_its_job
     a_killed_process_loses_what_it_had_and_no_more drained].each do |test|
    start = Time.now
    send(test)
    puts format('ok %s (%.1f s)', test.to_s.tr('_', ' '), Time.now - start)
  end
rescue StandardError => e
  Dir[File.join(ENV['WORK'], '*.log')].each { |log| warn "--- #{log}:", File.read(log)[-1000..] || File.read(log) }
  warn e.full_message(highlight: false)
  exit 1
ensure
  WORKERS.each_value { |pid| Process.kill('KILL', pid) }
end
