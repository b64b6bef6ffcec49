# The jobs of test.rb. The ledger is a file: each line is one write, and outlives a kill -9.
require 'sidekiq'

Redis.silence_deprecations = true
Sidekiq.options[:poll_interval_average] = 0.2

def ledger(*words)
  File.open(File.join(ENV['WORK'], 'ledger'), 'a') { |f| f.syswrite(words.join(' ') + "\n") }
end

def lines(start)
  path = File.join(ENV['WORK'], 'ledger')
  File.exist?(path) ? File.readlines(path, chomp: true).grep(/\A#{start}\b/).map { |l| l[start.length + 1..] } : []
end

class Note
  include Sidekiq::Worker
  def perform(n)
    ledger('note', n)
  end
end

class Flaky
  include Sidekiq::Worker
  sidekiq_options retry: 5
  def perform(n)
    ledger('try', n)
    raise 'not yet' if lines("try #{n}").length < 3
    ledger('flaky', n)
  end
end

class Fails
  include Sidekiq::Worker
  sidekiq_options retry: 0
  def perform
    raise ArgumentError, 'on purpose'
  end
end

class Holds
  include Sidekiq::Worker
  def perform(name)
    ledger("held #{name}", Process.pid)
    sleep if lines("held #{name}").length == 1
    ledger('again', name)
  end
end
