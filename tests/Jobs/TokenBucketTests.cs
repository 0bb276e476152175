using Locutor.Jobs.Limits;

namespace Locutor.Jobs.Tests;

public sealed class TokenBucketTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(59)]
    [InlineData(60)]
    [InlineData(119)]
    [InlineData(100_000)]
    public void The_limit_is_the_number_of_requests_per_minute(int perMinute)
    {
        var time = new Clock();
        var bucket = new TokenBucket(time);
        Taken(bucket, perMinute).ShouldBe(perMinute, "a full bucket");
        bucket.Take(perMinute).Allowed.ShouldBeFalse();
        time.Now += TimeSpan.FromMinutes(1);
        Taken(bucket, perMinute).ShouldBe(perMinute, "what a minute brought");
        time.Now += TimeSpan.FromHours(1);
        Taken(bucket, perMinute).ShouldBe(perMinute, "the bucket holds no more than a minute");
    }

    [Fact]
    public void A_refusal_has_the_time_to_wait()
    {
        var time = new Clock();
        var bucket = new TokenBucket(time);
        bucket.Take(6).ShouldBe(new LimitReply(true, 6, 5, 0, 10));
        Taken(bucket, 6).ShouldBe(5);
        var refused = bucket.Take(6);
        refused.ShouldBe(new LimitReply(false, 6, 0, 10, 60));
        time.Now += TimeSpan.FromSeconds(refused.RetryAfter - 0.001);
        bucket.Look(6).Allowed.ShouldBeFalse();
        time.Now += TimeSpan.FromSeconds(0.001);
        bucket.Look(6).Allowed.ShouldBeTrue();
        bucket.Take(6).Allowed.ShouldBeTrue();
    }

    private static int Taken(TokenBucket bucket, int perMinute)
    {
        int count = 0;
        while (bucket.Take(perMinute).Allowed)
            count++;
        return count;
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
