// A web program with the Locutor job service inside: dotnet run, then open http://localhost:5080
var builder = WebApplication.CreateBuilder(args);
// Options come from the section "Locutor" of appsettings.json, from variables such as Locutor__Model, or from --Locutor:Model=NAME.
builder.Services.AddLocutor(options =>
{
    options.Model ??= "sketch";
    options.RequireTokens = false; // on this machine alone; ask for tokens where others can reach the program
});

var app = builder.Build();
app.MapLocutor("/v1"); // the HTTP API
app.MapLocutorPage(); // the web page, at the addresses that nothing else answers
app.MapGet("/hello", () => "This endpoint is the program's own.");
app.Run();
