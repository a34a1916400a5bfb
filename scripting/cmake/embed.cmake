# cmake -DOUT=x.cpp -DFOLDER=lua -P embed.cmake: the Lua half as text in a C++ file.
set(text "// Made from scripting/lua by scripting/cmake/embed.cmake.\n#include <string_view>\n\nnamespace postrider::script {\n")
foreach(name library postrider)
  file(READ ${FOLDER}/${name}.lua lua)
  string(APPEND text "extern std::string_view const embedded_${name};\n"
    "std::string_view const embedded_${name} = R\"lua(${lua})lua\";\n")
endforeach()
string(APPEND text "}  // namespace postrider::script\n")
file(WRITE ${OUT} "${text}")
