using Locutor.Jobs.Hosting;

namespace Locutor.Jobs.Tests;

public sealed class ForwardTimeTests
{
    [Fact]
    public void A_clock_that_is_set_back_is_followed_at_half_speed_until_both_agree()
    {
        var system = new SettableTime();
        var time = new ForwardTime(system);
        var start = time.GetUtcNow();

        system.Pass(TimeSpan.FromHours(1), set: TimeSpan.FromHours(3)); // forward: followed at once
        time.GetUtcNow().ShouldBe(start + TimeSpan.FromHours(4));
        system.Pass(TimeSpan.FromHours(1), set: TimeSpan.FromHours(-3));
        time.GetUtcNow().ShouldBe(start + TimeSpan.FromHours(4.5));
        system.Pass(TimeSpan.FromHours(4), set: TimeSpan.Zero);
        time.GetUtcNow().ShouldBe(start + TimeSpan.FromHours(6.5));
        system.Pass(TimeSpan.FromHours(1), set: TimeSpan.Zero);
        time.GetUtcNow().ShouldBe(start + TimeSpan.FromHours(7));
        system.Pass(TimeSpan.FromHours(1), set: TimeSpan.Zero);
        time.GetUtcNow().ShouldBe(start + TimeSpan.FromHours(8));
        time.GetUtcNow().ShouldBe(system.GetUtcNow());
    }

    private sealed class SettableTime : TimeProvider
    {
        private TimeSpan passed, set;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Pass(TimeSpan passed, TimeSpan set)
        {
            this.passed += passed;
            this.set += set;
        }

        public override long GetTimestamp() => passed.Ticks;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + passed + set;
    }
}
