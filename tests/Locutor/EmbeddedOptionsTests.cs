using Locutor.AspNetCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Locutor.Front.Tests;

/// <summary>The options of the service inside another program: a wrong one stops the program before it listens.</summary>
public sealed class EmbeddedOptionsTests
{
    [Theory]
    [InlineData("Locutor:Modle", "sketch", "Locutor:Modle: expected one of ")]
    [InlineData("Locutor:Model", "skech", "skech")]
    [InlineData("Locutor:Settings:max_qeued", "5", "max_qeued")]
    [InlineData("Locutor:Settings:max_queued", "many", "max_queued")]
    [InlineData("Locutor:MemoryBudget", "0", "MemoryBudget: expected at least 1 byte, found 0")]
    [InlineData("Locutor:Device", "gpu7x", "gpu7x")]
    public void A_wrong_option_is_refused_by_its_name(string name, string value, string message)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Configuration.AddInMemoryCollection([new(name, value)]);
        builder.Services.AddLocutor();
        using var host = builder.Build();
        var options = host.Services.GetRequiredService<IOptions<LocutorOptions>>();
        var refused = Should.Throw<OptionsValidationException>(() => options.Value);
        refused.Message.ShouldContain(message);
    }
}
